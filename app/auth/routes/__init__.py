"""The routes of people and credentials, one module a subject."""

from fastapi import APIRouter

from app.auth.routes import audit, invitations, keys, people, sessions, workspaces

router = APIRouter()
for module in (people, sessions, workspaces, invitations, keys, audit):
    router.include_router(module.router)
