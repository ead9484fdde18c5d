"""One JSON language for segments, earn rules, survey targeting and contact rules.

    {"all": [{"field": "spend_minor", "is": "at_least", "value": 100000},
             {"not": {"field": "city", "is": "in", "value": ["Omsk", "Tomsk"]}}]}

- `fields`      `catalogue("customer").add(Field(...))`: what conditions may speak of
- `reading`     `parse(raw, catalogue)`: a checked condition, or `Refused` with the path
- `evaluation`  `holds(condition, record, now=)`: the answer for one record, in pure Python
- `sets`        `matching(condition, table, now=)`: the answer for a table, as an Ibis expression
- `sentences`   `sentence(condition, words=)`: what it says, in English or Russian
- `forms`       `described(catalogue, words=)`: what a form needs to let people build one
- `performed`   `with_performed(table, conditions, facts=, key=, now=)`: columns for what was done
- `windows`     spans of time in which something was done
- `clock`       `changes_at(condition, record, now=)`: when time alone changes the answer
- `explaining`  `explained(condition, record, now=)`: why a record matches, or why not

The rules of the language, with examples that are run: `docs/algorithms/conditions.md`.
"""
