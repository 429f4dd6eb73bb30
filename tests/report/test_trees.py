import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from langsig.report.trees import dendrogram


def test_tips_are_named_and_stand_one_below_the_other() -> None:
    tips = dendrogram("((de:1,nl:1):2,zh_x:3);").tips
    assert tips["language"].tolist() == ["de", "nl", "zh_x"]
    assert tips["place"].tolist() == [0, 1, 2]
    np.testing.assert_allclose(tips["height"], 0)


def test_nodes_stand_at_their_distance_from_the_tips() -> None:
    segments = dendrogram("((de:1,nl:1):2,zh:3);").segments
    drawn = {tuple(row) for row in segments.itertuples(index=False)}
    assert drawn == {
        (1, 0, 1, 1), (1, 0, 0, 0), (1, 1, 0, 1),  # de and nl are joined at 1
        (3, 0.5, 3, 2), (3, 0.5, 1, 0.5), (3, 2, 0, 2),
    }  # fmt: skip


def test_branches_without_length_count_one_and_many_children_are_drawn() -> None:
    tree = dendrogram("((a,b,c),d);")
    assert tree.tips["height"].tolist() == [0, 0, 0, 1]
    assert len(tree.segments) == 2 + 5, "a line for each node, and for each branch"


nested = st.recursive(
    st.just("x"), lambda inner: st.lists(inner, min_size=2, max_size=3), max_leaves=12
)


def written(tree: object, lengths: st.DataObject) -> str:
    inner = (
        f"({','.join(written(part, lengths) for part in tree)})" if isinstance(tree, list) else tree
    )
    return f"{inner}:{lengths.draw(st.floats(0.01, 10)):.3f}"


@given(tree=st.lists(nested, min_size=2, max_size=4), lengths=st.data())
def test_every_branch_has_its_length_and_lines_meet(
    tree: list[object], lengths: st.DataObject
) -> None:
    newick = f"{written(tree, lengths).rpartition(':')[0]};"
    segments, tips = dendrogram(newick)
    branches = segments[segments["place"] == segments["place2"]]
    total = sum(float(part) for part in newick.replace(")", ",").replace(":", ",").split(",")
                if "." in part)  # fmt: skip
    assert (branches["height"] - branches["height2"]).sum() == pytest.approx(total)
    assert len(tips) == newick.count("x")
    ends = {(row.height2, row.place2) for row in branches.itertuples()}
    assert {(row.height, row.place) for row in tips.itertuples()} <= ends
