"""The routes of people and credentials, one module a subject."""

from fastapi import APIRouter

from app.auth.routes import keys, people, sessions, workspaces

router = APIRouter()
for module in (people, sessions, workspaces, keys):
    router.include_router(module.router)
