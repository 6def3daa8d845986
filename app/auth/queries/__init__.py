"""Statements of the auth domain, one module a subject; each function returns one and does no I/O."""

from app.auth.queries import credentials as credentials
from app.auth.queries import factors as factors
from app.auth.queries import identities as identities
from app.auth.queries import people as people
from app.auth.queries import records as records
from app.auth.queries import sessions as sessions
