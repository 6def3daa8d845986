"""The routes of people and credentials, one module a subject."""

from fastapi import APIRouter

from app.auth.routes import audit, factors, invitations, keys, oidc, people, sessions, workspaces

router = APIRouter()
for module in (people, sessions, oidc, factors, workspaces, invitations, keys, audit):
    router.include_router(module.router)
