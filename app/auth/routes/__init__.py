"""The routes of people and credentials, one module a subject."""

from fastapi import APIRouter

from app.auth.routes import audit, factors, identities, invitations, keys, oidc, people, sessions, workspaces

router = APIRouter()
for module in (people, sessions, oidc, identities, factors, workspaces, invitations, keys, audit):
    router.include_router(module.router)
