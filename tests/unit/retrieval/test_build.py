"""Building: idempotent, atomic, one at a time, and what is refused is told."""

import threading
from pathlib import Path

import pytest

from cds_service.errors import ConfigurationError, IndexUnavailable
from cds_service.retrieval.build import build_index, memory_index
from cds_service.retrieval.chroma import ChromaIndex, read_pointer
from cds_service.retrieval.embedder import HashingEmbedder
from cds_service.retrieval.index import Where
from cds_service.retrieval.population import Person
from cds_service.terminal import index_report
from tests.support.documents import printed

EVERYONE = Where(person=Person(age_years=40), unreviewed=True)


class CountingEmbedder(HashingEmbedder):
    calls = 0

    def embed_passages(self, texts):
        self.calls += 1
        return super().embed_passages(texts)


def versions(index_dir: Path) -> set[str]:
    return {p.name for p in (index_dir / "versions").iterdir()}


def found(index: ChromaIndex, words: str) -> set[str]:
    (hits,) = index.search([words], HashingEmbedder().embed_queries([words]), k=9, where=EVERYONE)
    return {hit.passage.guideline for hit in hits}


@pytest.fixture
def index_dir(tmp_path) -> Path:
    return tmp_path / "index"


def test_the_report_says_what_was_taken_refused_and_made(write, index_dir):
    folder = write().parent
    (folder / "bad.md").write_text("no metadata")
    report = build_index(index_dir, [folder], HashingEmbedder())
    assert (report.took, report.passages, report.unchanged) == (("swamp-fever",), 2, False)
    assert str(report.refused[0]).startswith("bad.md: no front matter")
    assert read_pointer(index_dir) == report.version
    assert versions(index_dir) == {report.version}


def test_the_report_tells_of_each_file_of_the_clinic_what_it_leaves_open(write, index_dir):
    folder = write(sections={"treatment": {"strength": "class 1"}}).parent
    write("b.md", id="dragon-pox", clinical_review={"role": "nurse", "date": "2026-01-02"})
    report = build_index(index_dir, [folder], HashingEmbedder())
    assert "  took b.md: dragon-pox, 2 passages" in index_report(report)
    off = "no clinical review, so it stays off until CDS_UNREVIEWED_GUIDELINES=true"
    assert report.clinic == (
        "b.md: dragon-pox, 2 passages; no strength stated for 2 of 2 sections",
        f"swamp.md: swamp-fever, 2 passages; no strength stated for 1 of 2 sections; {off}",
    )


def test_a_second_build_of_the_same_sources_does_nothing(write, index_dir):
    folder, embedder = write().parent, CountingEmbedder()
    first = build_index(index_dir, [folder], embedder)
    stat, calls = (index_dir / "current").stat(), embedder.calls
    second = build_index(index_dir, [folder], embedder)
    assert second.unchanged
    assert second.version == first.version
    assert embedder.calls == calls
    assert (index_dir / "current").stat() == stat


def test_another_text_or_another_embedder_is_another_version(write, index_dir):
    folder = write().parent
    first = build_index(index_dir, [folder], HashingEmbedder())
    second = build_index(index_dir, [folder], HashingEmbedder(64))
    write(version="2")
    third = build_index(index_dir, [folder], HashingEmbedder(64))
    assert len({first.version, second.version, third.version}) == 3
    assert versions(index_dir) == {second.version, third.version}, "the one before stays, older ones go"


def test_going_back_to_the_version_before_writes_nothing_anew(write, index_dir):
    folder, embedder = write().parent, CountingEmbedder()
    first = build_index(index_dir, [folder], embedder)
    write(version="2")
    build_index(index_dir, [folder], embedder)
    calls = embedder.calls
    write(version="1")
    back = build_index(index_dir, [folder], embedder)
    assert (back.version, back.unchanged, embedder.calls) == (first.version, False, calls)


def test_a_removed_guideline_leaves_the_index_that_is_open(write, index_dir):
    folder = write("a.md").parent
    gone = write("b.md", id="dragon-pox", body="## Signs\n\nSwamp of scales.\n")
    build_index(index_dir, [folder], HashingEmbedder())
    reader = ChromaIndex(index_dir)
    assert found(reader, "swamp") == {"swamp-fever", "dragon-pox"}
    gone.unlink()
    build_index(index_dir, [folder], HashingEmbedder())
    assert found(reader, "swamp") == {"swamp-fever"}
    reader.close()


def test_nothing_to_index_is_an_error_that_names_each_file_and_leaves_what_serves(write, index_dir):
    path = write()
    served = build_index(index_dir, [path.parent], HashingEmbedder()).version
    path.write_text("no metadata")
    with pytest.raises(ConfigurationError, match=r"swamp\.md: no front matter"):
        build_index(index_dir, [path.parent], HashingEmbedder())
    assert read_pointer(index_dir) == served


def test_a_build_that_fails_midway_leaves_what_serves(write, index_dir):
    class Broken(HashingEmbedder):
        def embed_passages(self, texts):
            raise RuntimeError("no memory")

    folder = write().parent
    served = build_index(index_dir, [folder], HashingEmbedder()).version
    write(version="2")
    with pytest.raises(RuntimeError):
        build_index(index_dir, [folder], Broken())
    assert read_pointer(index_dir) == served
    reader = ChromaIndex(index_dir)
    assert found(reader, "swamp fever") == {"swamp-fever"}
    reader.close()


def test_leftovers_of_a_killed_build_do_not_matter(write, index_dir):
    (index_dir / "building").mkdir(parents=True)
    (index_dir / "building" / "chroma.sqlite3").write_bytes(b"torn")
    report = build_index(index_dir, [write().parent], HashingEmbedder())
    assert versions(index_dir) == {report.version}
    assert not (index_dir / "building").exists()


def test_two_builds_at_once_embed_once(write, index_dir):
    folder, embedder, reports = write().parent, CountingEmbedder(), []
    builds = [
        threading.Thread(target=lambda: reports.append(build_index(index_dir, [folder], embedder))) for _ in range(3)
    ]
    for build in builds:
        build.start()
    for build in builds:
        build.join()
    assert embedder.calls == 1
    assert sorted(r.unchanged for r in reports) == [False, True, True]


def test_progress_ends_at_all_passages(write, index_dir):
    seen = []
    folder = write(body="".join(f"## S{i}\n\nText {i}.\n\n" for i in range(40))).parent
    build_index(index_dir, [folder], HashingEmbedder(), progress=lambda done, of: seen.append((done, of)))
    assert seen[-1] == (80, 80)
    assert seen == sorted(seen)
    assert len(seen) > 1


def test_no_index_says_how_to_make_one(index_dir):
    with pytest.raises(IndexUnavailable, match="cds-service index"):
        ChromaIndex(index_dir).version  # noqa: B018 - the property does the work


@pytest.mark.parametrize("damage", ["remove", "corrupt", "no words", "torn passages"])
def test_a_damaged_index_is_unavailable_and_quotes_nothing(write, index_dir, damage):
    report = build_index(index_dir, [write().parent], HashingEmbedder())
    folder = index_dir / "versions" / report.version
    if damage == "remove":
        folder.rename(index_dir / "elsewhere")
    elif damage == "corrupt":
        (folder / "chroma.sqlite3").write_bytes(b"not a database")
    elif damage == "no words":
        (folder / "words" / "pieces" / "vocab.index.json").unlink()
    else:
        (folder / "passages.json").write_text('[{"passage": ')
    with pytest.raises(IndexUnavailable, match="cds-service index") as caught:
        found(ChromaIndex(index_dir), "swamp")
    assert str(index_dir) not in str(caught.value)


def test_the_memory_index_holds_the_same_version(write, index_dir):
    folder = write().parent
    report = build_index(index_dir, [folder], HashingEmbedder())
    assert memory_index([folder], HashingEmbedder()).version == report.version


@pytest.mark.parametrize("name", ["swamp.txt", "swamp.html", "swamp.pdf"])
def test_documents_of_every_kind_are_indexed_and_leave_when_removed(write, index_dir, name):
    kept = write("kept.md", id="dragon-pox", body="## Signs\n\nScales.\n")
    folder = kept.parent
    fields = kept.read_text().split("---")[1].replace("dragon-pox", "swamp-fever")
    (folder / "swamp.meta.yaml").write_text(fields)
    text = "Green spots of swamp fever in adults who wade through the moor."
    made = {"swamp.txt": text.encode(), "swamp.html": f"<p>{text}</p>".encode(), "swamp.pdf": printed(text)}
    (folder / name).write_bytes(made[name])
    assert build_index(index_dir, [folder], HashingEmbedder()).refused == ()
    reader = ChromaIndex(index_dir)
    assert "swamp-fever" in found(reader, "green spots swamp")
    (folder / name).unlink()
    report = build_index(index_dir, [folder], HashingEmbedder())
    assert found(reader, "green spots swamp") == {"dragon-pox"}
    assert [str(r) for r in report.refused] == ["swamp.meta.yaml: there is no document beside this metadata file"]
    reader.close()
