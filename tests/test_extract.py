"""What the vectors do not say: faults of the configuration, tokens, numbers, and Jayway's less known rules."""

import json
import threading
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.errors import ConfigurationError
from harness.extract import JsonExtractor, PathError, decode, find
from harness.extract.java import double_text, hash_map_order, json_text, string_of

NAMES = st.sampled_from(["a", "b", "AccessToken", "e-f", "é", "c d", "x.y"])
NUMBERS = st.sampled_from(
    ["0", "-0", "-0.0", "1e3", "1.50", "1e400", "0.0001", "12345678901234567890", "1.12345678901234567890"]
)
PLAIN_NUMBERS = st.sampled_from(["0", "-0.0", "1e3", "1.50", "1e400", "0.0001", "12345678901234567890"])


def documents(numbers):
    """JSON texts."""
    scalars = st.one_of(numbers, st.sampled_from(["null", "true", "false", '""']), st.text(max_size=4).map(json.dumps))
    return st.recursive(
        scalars,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map(lambda parts: f"[{','.join(parts)}]"),
            st.dictionaries(NAMES, inner, max_size=4).map(
                lambda members: f"{{{','.join(f'{json.dumps(name)}:{value}' for name, value in members.items())}}}",
            ),
        ),
        max_leaves=12,
    )


DEFINITE_PATHS = st.lists(
    st.one_of(NAMES.map(lambda name: f"['{name}']"), st.sampled_from(["[0]", "[-1]"])), max_size=4
).map(
    lambda steps: "$" + "".join(steps),
)


def extracted(text, path, default="", match="1"):
    variables = {}
    JsonExtractor("v", path, match, default).apply(text, variables)
    return variables


class TestConfiguration:
    def test_all_faults_of_lengths_and_numbers_are_told_at_once(self):
        with pytest.raises(ConfigurationError) as caught:
            JsonExtractor("a;b", "$.a", "1;x;99999999999;2", "")
        messages = [problem.message for problem in caught.value.problems]
        assert len(messages) == 4
        assert "2 names, 1 JSON paths and 1 default values" in messages[0]
        assert "4 match numbers for 1 default" in messages[1]
        assert "'x'" in messages[2]
        assert "'99999999999'" in messages[3]
        assert all(problem.hint for problem in caught.value.problems)

    @pytest.mark.parametrize("number", ["1.5", "one", "--1", "1_0", "2147483648", "²"])
    def test_match_number_that_is_none_is_a_fault(self, number):
        with pytest.raises(ConfigurationError):
            JsonExtractor("a", "$.a", number)

    @pytest.mark.parametrize(
        "path", ["$a", "$.", "$..", "$.[a", "$.c d", "$.a.sum()", "$[?(@.x", "", "$[?(@.a =~ /(/)]"]
    )
    def test_bad_path_is_tolerated_as_jmeter_does_and_refused_by_checked(self, path):
        assert extracted('{"a":1}', path, default="NF") == {"v": "NF"}
        with pytest.raises(ConfigurationError, match="cannot be read"):
            JsonExtractor.checked("v", path)
        with pytest.raises(ConfigurationError, match="cannot be read"):
            JsonExtractor.token(path)

    def test_checked_tells_of_a_missing_name_and_of_every_bad_path(self):
        with pytest.raises(ConfigurationError) as caught:
            JsonExtractor.checked(" ;b;c", "$.a;$b;$.[", defaults=";;")
        assert len(caught.value.problems) == 3

    def test_checked_gives_the_same_extractor(self):
        variables = {}
        JsonExtractor.checked("a;b", "$.x[*];$.x[*]", "-1;2", "d;e", compute_concatenation=True).apply(
            '{"x":[1,2]}', variables
        )
        assert variables == {"a_1": "1", "a_2": "2", "a_ALL": "1,2", "a_matchNr": "2", "b": "2", "b_matchNr": "2"}


class TestMatchNumbers:
    def test_zero_takes_the_match_that_chance_chooses(self):
        asked = []
        extractor = JsonExtractor("v", "$[*]", "0", "d", choose=lambda count: asked.append(count) or 2)
        variables = {"v_matchNr": "9"}
        extractor.apply("[7,8,9]", variables)
        assert variables == {"v": "9"}
        assert asked == [3]

    def test_default_chance_stays_within_the_matches(self):
        assert {extracted("[1,2]", "$[*]", match="0")["v"] for _ in range(64)} == {"1", "2"}

    def test_number_beyond_several_matches_gives_the_default(self):
        assert extracted("[1,2]", "$[*]", "d", "3") == {"v": "d", "v_matchNr": "2"}

    def test_nulls_among_all_matches_become_the_default(self):
        variables = {}
        JsonExtractor("v", "$[*]", "-1", "d", compute_concatenation=True).apply("[1,null]", variables)
        assert variables == {"v_1": "1", "v_2": "d", "v_ALL": "1,d", "v_matchNr": "2"}

    def test_a_stale_value_survives_match_number_minus_one(self):
        variables = {"v": "old"}
        JsonExtractor("v", "$.nope", "-1", "d").apply("{}", variables)
        assert variables == {"v": "d", "v_matchNr": "0"}
        variables = {"v": "old"}
        JsonExtractor("v", "$.a", "-1", "d").apply('{"a":1}', variables)
        assert variables == {"v": "old", "v_1": "1", "v_matchNr": "1"}


class TestFiltersWiderOrNarrowerThanJayways:
    @pytest.mark.parametrize(
        "path",
        [
            "$.a.length().b",
            "$[?(@.a.length().b == 1)]",
            "$[?(@..a.length() == 1)]",
            "$[?(@.a.keys() == 1)]",
            "$[?(@.k in [a}b])]",
            "$[?(@.k =~ /\\p{Alpha}/)]",
        ],
    )
    def test_what_is_left_out_of_jayway_is_a_bad_path(self, path):
        with pytest.raises(ConfigurationError, match="cannot be read"):
            JsonExtractor.checked("v", path)

    def test_scan_for_elements_goes_on_within_arrays_where_jayway_loses_them(self):
        assert find([{"a": 1}, [{"a": 2}]], "$..[*].a") == ["1", "2"]


class TestStrictness:
    @pytest.mark.parametrize(
        "text", ["{a:1}", '{"a":1} x', "NaN", "[Infinity]", "-Infinity", "\ufeff{}", "", "[" * 100_000]
    )
    def test_what_is_no_json_gives_the_default_without_a_count(self, text):
        assert extracted(text, "$", "d") == {"v": "d"}
        assert JsonExtractor.token("$", "d").apply(text) == "d"

    def test_document_that_is_null_gives_the_default_without_a_count(self):
        assert extracted("null", "$", "d") == {"v": "d"}

    def test_nesting_deeper_than_json_smart_allows_ends_a_scan(self):
        with pytest.raises(PathError, match="deeply"):
            find(decode("[" * 450 + "]" * 450), "$..a")


class TestToken:
    def test_token_of_a_cognito_answer(self):
        answer = {"AuthenticationResult": {"AccessToken": "AAA"}}
        assert JsonExtractor.token().from_document(answer) == "AAA"
        assert JsonExtractor.token().apply(json.dumps(answer)) == "AAA"

    @pytest.mark.parametrize(
        "document",
        [
            {},
            None,
            [],
            "AuthenticationResult",
            {"AuthenticationResult": None},
            {"AuthenticationResult": {"AccessToken": None}},
            {"AuthenticationResult": {"AccessToken": ""}},
            {"AuthenticationResult": [{"AccessToken": "A"}]},
        ],
    )
    def test_where_there_is_no_token_the_default_is_given(self, document):
        assert JsonExtractor.token().from_document(document) == ""
        assert JsonExtractor.token(default="NF").from_document(document) == "NF"

    @pytest.mark.parametrize(
        "path", ["$..AccessToken", "$.AuthenticationResult['AccessToken','IdToken']", "$.*.AccessToken"]
    )
    def test_other_paths_are_searched(self, path):
        answer = {"AuthenticationResult": {"AccessToken": "AAA"}}
        assert "AAA" in JsonExtractor.token(path).from_document(answer)
        assert JsonExtractor.token(path, "NF").from_document(5) == "NF"

    def test_filter_that_cannot_be_applied_gives_the_default(self):
        assert JsonExtractor.token("$.a[?(@.b)]", "NF").from_document({"a": 5}) == "NF"

    @given(text=documents(NUMBERS), path=DEFINITE_PATHS)
    @example(text="[1.12345678901234567890]", path="$[0]")
    @example(text='{"a":{"b":""}}', path="$['a']['b']")
    @example(text='{"a":{"b":null}}', path="$['a']['b']")
    def test_apply_gives_what_the_general_extractor_gives_and_the_default_for_nothing(self, text, path):
        assert JsonExtractor.token(path, "NF").apply(text) == (extracted(text, path, "NF")["v"] or "NF")

    @given(text=documents(PLAIN_NUMBERS), path=DEFINITE_PATHS)
    def test_from_document_does_so_for_plain_documents_whose_fractions_have_up_to_18_characters(self, text, path):
        token = JsonExtractor.token(path, "NF")
        assert token.from_document(json.loads(text)) == (extracted(text, path, "NF")["v"] or "NF")

    @given(value=st.text(min_size=1), names=st.lists(NAMES, min_size=1, max_size=4))
    def test_a_string_at_the_end_of_the_path_is_found_as_it_is(self, value, names):
        document = value
        for name in reversed(names):
            document = {name: document}
        assert JsonExtractor.token("$" + "".join(f"['{name}']" for name in names)).from_document(document) == value


class TestStringsAtPlainPaths:
    """What is found by the quick parser is what is found without it."""

    @given(text=documents(NUMBERS) | st.text(max_size=12), path=DEFINITE_PATHS)
    @example(text='{"a":"1","a":"2"}', path="$['a']")
    @example(text='{"a":"\\ud800"}', path="$['a']")
    @example(text='["x",NaN]', path="$[0]")
    def test_a_quick_extraction_sets_the_variables_that_a_general_one_sets(self, text, path):
        quick, general = JsonExtractor("v;w", f"{path};$..x", "1;1", "NF;NF"), {}
        assert not quick._ways
        quick.apply(text, general)
        found = extracted(text, path, "NF")
        assert found == {name: value for name, value in general.items() if name.startswith("v")}


class TestJava:
    @given(st.floats(allow_nan=False, allow_infinity=False))
    def test_double_reads_back_as_itself_with_digits_on_both_sides_of_the_point(self, number):
        text = double_text(number)
        whole, _, fraction = text.partition("E")[0].lstrip("-").partition(".")
        assert float(text) == number
        assert whole.isdigit()
        assert fraction.isdigit()

    @pytest.mark.parametrize(
        ("number", "text"),
        [
            (5e-324, "4.9E-324"),
            (-0.0, "-0.0"),
            (0.001, "0.001"),
            (0.0009, "9.0E-4"),
            (9999999.0, "9999999.0"),
            (1e7, "1.0E7"),
            (-1.25e-10, "-1.25E-10"),
            (float("inf"), "Infinity"),
            (float("-inf"), "-Infinity"),
            (float("nan"), "NaN"),
        ],
    )
    def test_double_is_written_as_by_java(self, number, text):
        assert double_text(number) == text

    def test_big_decimal_has_no_negative_zero(self):
        assert find(decode("[-0.00000000000000000000]"), "$[0]") == ["0E-20"]

    def test_infinite_numbers_are_null_within_an_object(self):
        assert string_of([1e400, Decimal("1.50")]) == "[null,1.50]"

    @given(st.lists(st.text(), unique=True))
    def test_hash_map_order_only_reorders(self, names):
        assert sorted(hash_map_order(names)) == sorted(names)

    def test_hash_map_of_twenty_names_is_ordered_as_java_17_does(self):
        names = [f"name{number}" for number in range(20)]
        in_java = [19, 18, 17, 16, 6, 15, 5, 14, 4, 13, 3, 12, 11, 9, 10, 8, 7, 2, 1, 0]
        assert hash_map_order(names) == [f"name{number}" for number in in_java]

    @given(documents(PLAIN_NUMBERS.filter(lambda text: text != "1e400")))
    def test_json_text_reads_back_as_the_document(self, text):
        assert decode(json_text(decode(text))) == decode(text)


def test_one_extractor_serves_many_threads():
    extractor = JsonExtractor("v", "$.a[?(@.b == 1)].c", "1", "d")
    results = []

    def run(number):
        variables = {}
        for _ in range(50):
            extractor.apply(f'{{"a":[{{"b":1,"c":{number}}}]}}', variables)
        results.append(variables["v"] == str(number))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 4
