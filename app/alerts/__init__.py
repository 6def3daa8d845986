"""Alerts: channels, and the notifications that go out by them."""
