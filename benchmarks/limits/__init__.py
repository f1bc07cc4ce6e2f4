"""The upper limits of a service of this design: each program does one part of the work and nothing else."""
