"""Hessians that keep their structure: operators, Newton systems, a diagonal plus low rank."""
