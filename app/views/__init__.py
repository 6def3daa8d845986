"""Views of the readings that a person has saved under a name: what the dashboard's address says."""
