"""What every route may ask of the running app.

Dependencies are coroutines even where they wait for nothing: FastAPI hands a plain function to a thread, which costs
more than the rest of a request.
"""

from typing import Annotated, cast

from fastapi import Depends, Request

from app.core.db import Database
from app.core.redis import Cache
from app.core.settings import Settings


async def get_database(request: Request) -> Database:
    return cast(Database, request.app.state.database)


async def get_cache(request: Request) -> Cache:
    return cast(Cache, request.app.state.cache)


async def get_app_settings(request: Request) -> Settings:
    return cast(Settings, request.app.state.settings)


DatabaseDep = Annotated[Database, Depends(get_database)]
CacheDep = Annotated[Cache, Depends(get_cache)]
SettingsDep = Annotated[Settings, Depends(get_app_settings)]
