"""The routes of people and credentials, one module a subject."""

from fastapi import APIRouter

from app.auth.routes import keys, people, workspaces

router = APIRouter()
for module in (people, workspaces, keys):
    router.include_router(module.router)
