"""`inv bench --part capacity`: one replica under a realistic mix of calls, and the sizes that follow from it."""
