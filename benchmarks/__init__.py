"""Speed, measured beside other tools."""
