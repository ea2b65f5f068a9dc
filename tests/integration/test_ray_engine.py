"""The Ray engine on a real local cluster, begun once (about ten seconds): the bytes of one process, and no way in."""

import os
from pathlib import Path

from cds_service.engines.processes import Processes
from cds_service.engines.ray_cluster import RayCluster
from cds_service.importing.output import CLINIC_FILE
from tests.support.import_values import counting, family, importer, listening, order, people_export

LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}


def test_a_local_cluster_writes_the_bytes_of_one_process_and_listens_on_loopback_alone(tmp_path):
    seen, folders = set(), set()

    def look(step, share):
        if step == "de-identifying" and not seen:
            seen.update(listening(family(os.getpid())))
            folders.update(p for p in Path("/tmp").glob("cds-*/r"))

    home = Path.home() / ".ray"
    had = home.exists()
    source, codes = people_export(tmp_path / "in", 40), tmp_path / "codes"
    importer(Processes(), counting, codes).run(order(source, tmp_path / "one"))
    cluster = importer(RayCluster(workers=2), counting, codes)
    cluster._show = look
    cluster.run(order(source, tmp_path / "ray"))
    assert (tmp_path / "one" / CLINIC_FILE).read_bytes() == (tmp_path / "ray" / CLINIC_FILE).read_bytes()
    assert len(seen) >= 4
    assert {address for address, _ in seen} <= LOOPBACK
    assert not [f for f in folders if f.exists()]
    assert home.exists() == had
