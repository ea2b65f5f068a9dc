"""WSGI entry: ``gunicorn wsgi:app``. Reads the environment once and builds the application."""

from cds_service.offline import go_offline

go_offline()

from cds_service import logs  # noqa: E402
from cds_service.app import create_app  # noqa: E402
from cds_service.bootstrap import build_service  # noqa: E402
from cds_service.settings import Settings  # noqa: E402

settings = Settings()
logs.configure(settings.log_level)
app = create_app(build_service(settings))
