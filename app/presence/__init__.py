"""Presence: which servers are online, by when something last arrived from them."""
