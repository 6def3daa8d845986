"""What every route may ask of the running app.

Dependencies are coroutines even where they wait for nothing: FastAPI hands a plain function to a thread, which costs
more than the rest of a request.
"""

from typing import Annotated, cast

from fastapi import Depends, Path, Request

from app.core.db import Database
from app.core.redis import Cache
from app.core.settings import Settings
from app.core.text import NO_CONTROL_CHARACTERS


async def get_database(request: Request) -> Database:
    return cast(Database, request.app.state.database)


async def get_cache(request: Request) -> Cache:
    return cast(Cache, request.app.state.cache)


async def get_app_settings(request: Request) -> Settings:
    return cast(Settings, request.app.state.settings)


DatabaseDep = Annotated[Database, Depends(get_database)]
CacheDep = Annotated[Cache, Depends(get_cache)]
SettingsDep = Annotated[Settings, Depends(get_app_settings)]

# An identifier in a path: whatever its form, one that does not exist is a 404.
IdPath = Path(max_length=100, pattern=NO_CONTROL_CHARACTERS, examples=["01KA2V0C8T3J9X5N7Q1W4Z6Y8B"])
