"""What a tutorial would write, as the other side of the ingest benchmark: one ORM INSERT and one commit a request.

Serve with `DATABASE_URL=… uvicorn bench.orm_route:app`; makes its own table `bench_reading`.
"""

import os
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from fastapi import Depends, FastAPI
from pydantic import BaseModel
from sqlalchemy import create_engine, make_url
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class BenchReading(Base):
    __tablename__ = "bench_reading"

    id: Mapped[int] = mapped_column(primary_key=True)
    server_ulid: Mapped[str]
    timestamp: Mapped[datetime]
    temperature: Mapped[float | None]
    humidity: Mapped[float | None]
    voltage: Mapped[float | None]
    current: Mapped[float | None]


class ReadingBody(BaseModel):
    server_ulid: str
    timestamp: datetime
    temperature: float | None = None
    humidity: float | None = None
    voltage: float | None = None
    current: float | None = None


# As many connections as FastAPI has threads for plain functions, so that none waits for another's commit.
engine = create_engine(make_url(os.environ["DATABASE_URL"]).set(drivername="postgresql+psycopg"), pool_size=40)
Base.metadata.create_all(engine)
app = FastAPI()


def session() -> Iterator[Session]:
    with Session(engine) as opened:
        yield opened


@app.post("/data", status_code=201)
def store(body: ReadingBody, database: Annotated[Session, Depends(session)]) -> ReadingBody:
    database.add(BenchReading(**body.model_dump()))
    database.commit()
    return body
