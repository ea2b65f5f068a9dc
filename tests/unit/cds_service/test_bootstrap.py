"""What is built from settings, and what is said when a file that they name cannot be used."""

import pytest

from cds_service.bootstrap import open_outbound
from cds_service.errors import ConfigurationError
from cds_service.settings import Settings
from tests.support.certificates import authority


def test_a_file_of_authorities_is_trusted(tmp_path):
    assert open_outbound(Settings(data_dir=tmp_path / "d", ca_file=authority(tmp_path).file))


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_without_certificates_is_named(tmp_path, content):
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigurationError, match="CDS_CA_FILE"):
        open_outbound(Settings(data_dir=tmp_path / "d", ca_file=path))


@pytest.mark.parametrize("changed", [{"tls_cert_file": "c.pem"}, {"tls_key_file": "k.pem"}])
def test_certificate_and_key_go_together(tmp_path, changed):
    with pytest.raises(ValueError, match="go together"):
        Settings(data_dir=tmp_path, **changed)


@pytest.mark.parametrize("url", ["cds.example.org", "http://cds.example.org", "https://u:p@cds.example.org", "ftp://x"])
def test_an_external_url_that_is_none_is_refused(tmp_path, url):
    with pytest.raises(ValueError, match="external_url"):
        Settings(data_dir=tmp_path, external_url=url)
