"""What no service of this design can beat: each limit does one part of the work and nothing else."""
