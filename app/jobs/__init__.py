"""Jobs: long work as rows, so that a lost worker or broker loses nothing."""
