"""Saved views: each belongs to one person in one workspace, and nobody else sees it."""

from sqlalchemy.exc import IntegrityError

from app.auth.principals import Principal
from app.core.clock import now
from app.core.db import ReadSession, WriteSession
from app.core.identifiers import new_ulid
from app.core.paging import Asked, Page
from app.views import queries
from app.views.errors import NoSuchView, TooManyViews, ViewNameTaken
from app.views.schemas import ViewRead, ViewSave
from app.views.tables import View

# More than a menu can show; a program that saves in a loop stops here.
MAX_VIEWS = 100


async def page(session: ReadSession, principal: Principal, asked: Asked) -> Page[ViewRead]:
    """The person's views of the workspace, by name."""
    found = (await session.scalars(queries.page(principal.workspace_id, principal.person, asked))).all()
    return asked.cut(found, lambda view: (view.name,)).map(_read)


async def save(session: WriteSession, principal: Principal, body: ViewSave) -> ViewRead:
    """Keep a view. Raises: ViewNameTaken, TooManyViews."""
    if (await session.scalar(queries.number(principal.workspace_id, principal.person)) or 0) >= MAX_VIEWS:
        raise TooManyViews("You have {limit} saved views; delete one first.", limit=MAX_VIEWS)
    view = View(
        view_ulid=new_ulid(),
        workspace_id=principal.workspace_id,
        user_id=principal.person,
        name=body.name,
        query=body.query,
    )
    session.add(view)
    await _flush(session, body.name)
    return _read(view)


async def replace(session: WriteSession, principal: Principal, view_ulid: str, body: ViewSave) -> ViewRead:
    """Give a view another name or query. Raises: NoSuchView, ViewNameTaken."""
    view = await _find(session, principal, view_ulid)
    view.name, view.query, view.saved_at = body.name, body.query, now()
    await _flush(session, body.name)
    return _read(view)


async def delete(session: WriteSession, principal: Principal, view_ulid: str) -> None:
    """Forget a view. Raises: NoSuchView."""
    await session.delete(await _find(session, principal, view_ulid))


async def _find(session: WriteSession, principal: Principal, view_ulid: str) -> View:
    view = await session.scalar(queries.one(principal.workspace_id, principal.person, view_ulid))
    if view is None:
        raise NoSuchView("You have no saved view {view!r} in this workspace.", view=view_ulid)
    return view


async def _flush(session: WriteSession, name: str) -> None:
    try:
        await session.flush()
    except IntegrityError as error:
        if "uq_saved_view_name" in str(error.orig):
            raise ViewNameTaken("You have a saved view named {name!r} already.", name=name) from None
        raise


def _read(view: View) -> ViewRead:
    return ViewRead(view_id=view.view_ulid, name=view.name, query=view.query, saved_at=view.saved_at)
