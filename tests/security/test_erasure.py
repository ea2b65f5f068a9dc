"""A canary patient goes the whole road, is erased, and is then in no byte of the database and of the data folder."""

from sqlalchemy import LargeBinary, select

from cds_service.intake.values import Tablet
from cds_service.ledger.blind_index import blind_index
from cds_service.ledger.chain import verify
from cds_service.ledger.queries import answer_by_id
from cds_service.ledger.tables import job, metadata
from cds_service.rights.files import Placed
from cds_service.rights.rights import Rights
from hooks.feedback import FeedbackItem, Outcome
from tests.support.ledger_values import NOW
from tests.support.review_scene import Scene, body_of
from tests.support.review_values import decision
from tests.support.rights_values import consent

EHR = "fictional-ehr"
CANARY = "canary-pat-4711"
WORDS = ("canary-pat-4711", "Zanzibelle", "Quorndale", "my brother Ottokar drove me")
SAID = {"comment": "Ottokar Zanzibelle is known to us.", "note": "Ottokar called and asked for it."}


def sealed_bytes(scene, subject):
    """Pieces of every sealed value, key and nonce of the subject: a database keeps a long one in pieces anyhow."""
    found = []
    with scene.recorder.database.transaction(write=False) as tx:
        for table in metadata.sorted_tables:
            columns = [c for c in table.columns if isinstance(c.type, LargeBinary)]
            if columns and "subject" in table.c:
                rows = tx.execute(select(*columns).where(table.c.subject == subject))
                found += [value[at : at + 12] for row in rows for value in row for at in range(0, len(value), 500)]
    return found


def raw(folder):
    """Every file of the data folder, byte by byte, with its name."""
    return {path: str(path).encode() + path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def went_down_the_road(scene, rights):
    """The canary by hook, draft, intake form, review with words, feedback, consent, list, hold, and export code."""
    chief = "my brother Ottokar drove me in, chest pain"
    scene.worker_lives()
    scene.hook(body_of(scene.at, patient=CANARY, name=("Zanzibelle", "Quorndale"), complaint=chief))
    scene.finish_jobs()
    case = next(iter(scene.cases()))
    shown = answer_by_id_of(scene, case.answer)
    scene.recorder.feedback(
        shown.service,
        [FeedbackItem(card=shown.cards[0].card.uuid, outcome=Outcome.OVERRIDDEN, timestamp=scene.at,
                      accepted_suggestions=(), reason=None, comment=SAID["comment"])],
        client=EHR, now=scene.at,
    )  # fmt: skip
    form = scene.clinic.intake.start(EHR, CANARY, scene.nurse, scene.at)
    opened = scene.clinic.intake.open(scene.clinic.intake.new_code(form.id, scene.nurse, scene.at), scene.at)
    scene.clinic.intake.send(Tablet(token=opened.token), {"chief-complaint": "my brother Ottokar drove me"}, scene.at)
    scene.clinic.reviews.decide(case.id, decision(case, signature=scene.physician.name), scene.physician, scene.at)
    with scene.recorder.database.transaction() as tx:
        scene.recorder.vault.export_code(tx, export="exp-1", subject=case.subject, now=scene.at, actor="export")
    rights.opt_out(EHR, CANARY, reason="patient-request", words=SAID["note"], actor="operator", now=scene.at)
    denial = Placed(file="f", line=1, resource=consent(CANARY, "deny"))
    rights.consents([denial], EHR, actor="operator", now=scene.at)
    hold = rights.hold(EHR, CANARY, reason="audit", words=SAID["note"], actor="operator", now=scene.at)
    rights.release(hold.id, actor="operator", now=scene.at)
    return case


def answer_by_id_of(scene, answer_id):
    with scene.recorder.database.transaction(write=False) as tx:
        return answer_by_id(tx, answer_id)


def test_an_erased_patient_is_in_no_byte_of_the_data_folder(tmp_path, built):
    scene = Scene(tmp_path, built, now=NOW)
    recorder, folder = scene.recorder, tmp_path / "state"
    rights = Rights(recorder.database, recorder.vault, scene.clinic.settings)
    case = went_down_the_road(scene, rights)
    scene.hook(body_of(scene.at, patient="other-pat-1", name=("Inventa", "Wilma")))
    indexes = [blind_index(key, EHR, CANARY).encode() for key in recorder.vault.keys.index.keys.values()]
    secrets = [piece for piece in sealed_bytes(scene, case.subject) if len(piece) == 12]
    before = b"".join(raw(folder).values())
    told = [value in before for value in (*secrets, *indexes)]
    assert sum(told) > 0.9 * len(told) > 50, "the search must be able to find them"
    with recorder.database.transaction(write=False) as tx:
        assert tx.execute(select(job.c.id).where(job.c.payload.contains(case.subject))).all()

    report = rights.shred(EHR, CANARY, reason="patient-request", actor="operator", now=scene.at)
    recorder.database.close()

    assert report.clean
    assert report.deleted["job"] >= 1
    assert report.deleted["intake"] == 1
    assert report.sought["sealed_values"] > 12
    sought = [*secrets, *indexes, *(word.encode() for word in (*WORDS, *SAID.values()))]
    found = [(str(path), value[:20]) for path, text in raw(folder).items() for value in sought if value in text]
    assert found == []
    draft = b"concerning for pneumonia"
    assert [path.name for path, text in raw(folder).items() if draft in text] == []  # the texts of the patient too
    with recorder.database.transaction(write=False) as tx:
        assert verify(tx).valid
        assert recorder.vault.find_subject(tx, tenant=EHR, patient_key="other-pat-1")
        assert recorder.vault.find_subject(tx, tenant=EHR, patient_key=CANARY) is None
    assert_the_pages_stay_whole(scene, case)
    scene.later(days=1)
    scene.hook(body_of(scene.at, patient=CANARY, name=("Zanzibelle", "Quorndale")))  # and is welcome again
    assert case.subject not in {c.subject for c in scene.cases()}


def assert_the_pages_stay_whole(scene, case):
    """Nothing breaks where the erased patient was, and nothing of the patient is told."""
    browser = scene.client(scene.nurse)
    for path in ("/review", f"/review/cases/{case.id}", "/review?show=decided", "/intake", "/monitoring"):
        answer = browser.get(path)
        assert answer.status_code == 200, path
        assert "Zanzibelle" not in answer.text, path
