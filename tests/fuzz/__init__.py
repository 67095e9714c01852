"""Random typed expressions, differentiated by frechet and by HIPS autograd."""
