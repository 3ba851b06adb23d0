"""The bare handler that speed is measured by: Flask on the same server, one MongoDB find, orjson; for comparison alone.

Started as `granian benchmarks.bare:wsgi`, from the database IHALA_BENCH_DATABASE of the deployment of IHALA_HOME. It knows no
token, consent, audit or validation: what it costs to answer at all on this machine.
"""

import atexit
import os
import uuid
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import orjson
from flask import Flask, Response, request
from pymongo import MongoClient, WriteConcern
from pymongo.client_session import ClientSession

from hub.bootstrap import database_uri
from hub.settings import read as settings_of

DATABASE: Final = "bare"
PAGE: Final = 50
_MEDIA: Final = "application/fhir+json"


def wsgi() -> Flask:
    stack = ExitStack()
    atexit.register(stack.close)
    uri = stack.enter_context(database_uri(settings_of(Path(os.environ["IHALA_HOME"]))))
    client: MongoClient[dict[str, Any]] = MongoClient(uri, tz_aware=True)
    database = client[DATABASE]
    app = Flask("benchmarks.bare", static_folder=None)

    @app.get("/fhir/<type_>/<id_>")
    def read(type_: str, id_: str) -> Response:
        return Response(orjson.dumps(database[type_].find_one({"_id": id_})), content_type=_MEDIA)

    @app.get("/fhir/<type_>")
    def page(type_: str) -> Response:
        asked = {name.replace("identifier", "identifier.value"): value for name, value in request.args.items()}
        found = database[type_].find(asked).sort("_id", 1).limit(PAGE)
        entries = [{"resource": one} for one in found]
        return Response(orjson.dumps({"resourceType": "Bundle", "entry": entries}), content_type=_MEDIA)

    @app.post("/fhir/<type_>")
    def create(type_: str) -> Response:
        resource = orjson.loads(request.get_data())

        def write(session: ClientSession) -> None:
            for name in (type_, "history", "audit"):
                database[name].insert_one({**resource, "_id": uuid.uuid4().hex}, session=session)

        with client.start_session() as session:
            session.with_transaction(write, write_concern=WriteConcern("majority", j=True))
        return Response(orjson.dumps(resource), 201, content_type=_MEDIA)

    return app
