"""`inv bench --part capacity`: one copy under a mix of calls as people make them, and what sizes follow from it."""
