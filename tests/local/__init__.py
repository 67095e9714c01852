"""What `frechet.local` promises."""
