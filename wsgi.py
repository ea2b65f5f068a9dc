"""WSGI entry: ``gunicorn wsgi:app``. Reads the environment once and builds the application.

Every call must carry the signed token of a registered client (CDS_CLIENTS_FILE); without clients nobody is let in.
"""

from cds_service.offline import go_offline

go_offline()

from cds_service import logs  # noqa: E402
from cds_service.app import build_app  # noqa: E402
from cds_service.settings import Settings  # noqa: E402

settings = Settings()
logs.configure(settings.log_level)
app = build_app(settings, signed=True)
