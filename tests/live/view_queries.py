"""Random view definitions for transform_views.py, of each shape that the rules cover.

A view is text for DuckDB, text for PostgreSQL where that differs (it has no QUALIFY), and key columns.
All columns are small numbers, so that conditions hold now and then.
"""
OPERATORS = ("=", "<>", "<", ">", "<=", ">=")


class Relation:
    def __init__(self, name, columns, key):
        self.name, self.columns, self.key = name, columns, key


class Query:
    def __init__(self, shape, key, text, postgres=None):
        self.shape, self.key, self.text, self.postgres = shape, key, text, postgres or text


class Generator:
    def __init__(self, rng, relations):
        self.rng, self.relations = rng, relations

    def query(self, shape=None):
        shape = shape or self.rng.choice(sorted(SHAPES))
        return SHAPES[shape](self, shape)

    # parts

    def relation(self):
        return self.rng.choice(self.relations)

    def column(self, alias, relation):
        return f"{alias}.{self.rng.choice(relation.columns)}"

    def columns(self, sources):
        return [f"{alias}.{name}" for alias, relation in sources for name in relation.columns]

    def condition(self, sources):
        rng, names = self.rng, self.columns(sources)
        left, right, value = rng.choice(names), rng.choice(names), rng.randrange(5)
        operator = rng.choice(OPERATORS)
        return rng.choice((f"{left} {operator} {value}", f"{left} {operator} {right}", f"{left} IS NULL",
                           f"{left} IS NOT NULL", f"coalesce({left}, {value}) {operator} {value}",
                           f"({left} = {value} OR {right} IS NULL)", f"NOT ({left} {operator} {right})",
                           f"{left} IN (0, 1, {value})", f"{left} BETWEEN 1 AND {value}"))

    def where(self, sources, most=2):
        conditions = [self.condition(sources) for _ in range(self.rng.choice((0, 0, most)))]
        return " WHERE " + " AND ".join(conditions) if conditions else ""

    def on(self, left, right):
        condition = f"{self.column(*self.rng.choice(left))} = {self.column(*self.rng.choice(right))}"
        if self.rng.random() < 0.2:
            condition += f" AND {self.condition(left + right)}"
        return condition

    def joined(self, kinds):
        """FROM of one table for each kind of join, and the first: (text, sources)."""
        sources = [("a", self.relation())]
        text = f"{sources[0][1].name} a"
        for alias, kind in zip("bcd", kinds):
            added = (alias, self.relation())
            text += f" {kind} {added[1].name} {alias} ON {self.on(sources, [added])}"
            sources.append(added)
        return text, sources

    def subquery(self, outer):
        """A condition that has a subquery over one table or two, correlated with `outer`."""
        rng, inner = self.rng, ("s", self.relation())
        link = f"{self.column(*inner)} = {self.column(*rng.choice(outer))}"
        value, tested = self.column(*inner), self.column(*rng.choice(outer))
        text = f"{inner[1].name} s"
        sources = [inner]
        if rng.random() < 0.3:
            other = ("r", self.relation())
            text += f" {rng.choice(('JOIN', 'LEFT JOIN'))} {other[1].name} r ON {self.on([inner], [other])}"
            sources.append(other)
        if rng.random() < 0.4:
            link += f" AND {self.condition(sources)}"
        word = rng.choice(("", "NOT "))
        return rng.choice((
            f"{word}EXISTS (SELECT 1 FROM {text} WHERE {link})",
            f"{tested} {word}IN (SELECT {value} FROM {text}{self.where(sources, 1)})",
            f"{tested} {word}IN (SELECT {value} FROM {text} WHERE {link})",
            f"{tested} {rng.choice(OPERATORS)} (SELECT {rng.choice(('max', 'min', 'sum', 'count'))}({value}) "
            f"FROM {text} WHERE {link})",
            f"({tested} = {rng.randrange(5)} OR {word}EXISTS (SELECT 1 FROM {text} WHERE {link}))",
        ))

    # shapes

    def inner(self, shape):
        text, sources = self.joined(["JOIN"] * self.rng.randint(0, 2))
        return self.rows(shape, text, sources)

    def outer(self, shape):
        text, sources = self.joined(self.rng.choices(("LEFT JOIN", "JOIN", "RIGHT JOIN"), (5, 2, 1),
                                                     k=self.rng.randint(1, 3)))
        return self.rows(shape, text, sources)

    def outer_nested(self, shape):
        a, b, c = ((alias, self.relation()) for alias in "abc")
        inner = (f"({b[1].name} b {self.rng.choice(('LEFT JOIN', 'JOIN'))} {c[1].name} c "
                 f"ON {self.on([b], [c])})")
        return self.rows(shape, f"{a[1].name} a LEFT JOIN {inner} ON {self.on([a], [b])}", [a, b, c])

    def anti(self, shape):
        text, sources = self.joined(["LEFT JOIN"])
        null = f"{sources[1][0]}.{self.rng.choice(sources[1][1].key or sources[1][1].columns)} IS NULL"
        return self.rows(shape, text, sources, [null])

    def rows(self, shape, text, sources, conditions=()):
        """Rows of a join; the key is that of the first table, or of two columns of any."""
        rng = self.rng
        key = [f"a.{self.rng.choice(sources[0][1].key or sources[0][1].columns)}"]
        if rng.random() < 0.3:
            key.append(rng.choice(self.columns(sources)))
        items = [f"{name} AS k{i}" for i, name in enumerate(key)]
        items += [f"{rng.choice(self.columns(sources))} AS x{i}" for i in range(rng.randint(1, 3))]
        conditions = [*conditions, *(self.condition(sources) for _ in range(rng.choice((0, 0, 1, 2))))]
        where = " WHERE " + " AND ".join(conditions) if conditions else ""
        return Query(shape, [f"k{i}" for i in range(len(key))], f"SELECT {', '.join(items)} FROM {text}{where}")

    def subqueries(self, shape):
        text, sources = self.joined(self.rng.choice(((), ("JOIN",), ("LEFT JOIN",))))
        conditions = [self.subquery(sources) for _ in range(self.rng.randint(1, 2))]
        return self.rows(shape, text, sources, conditions)

    def not_in(self, shape):
        text, sources = self.joined(())
        inner = ("s", self.relation())
        return self.rows(shape, text, sources, [
            f"{self.column(*sources[0])} NOT IN (SELECT {self.column(*inner)} FROM {inner[1].name} s"
            f"{self.where([inner], 1)})"])

    def selected_subquery(self, shape):
        a, s = ("a", self.relation()), ("s", self.relation())
        link = f"{self.column(*s)} = {self.column(*a)}"
        return Query(shape, ["k"], f"SELECT {self.column(*a)} AS k, {self.column(*a)} AS x, (SELECT "
                     f"{self.rng.choice(('max', 'count', 'sum'))}({self.column(*s)}) FROM {s[1].name} s "
                     f"WHERE {link}) AS y FROM {a[1].name} a{self.where([a], 1)}")

    def grouped(self, shape, having=False):
        rng = self.rng
        text, sources = self.joined(rng.choice(((), ("JOIN",), ("LEFT JOIN",), ("LEFT JOIN", "LEFT JOIN"))))
        groups = [f"a.{name}" for name in rng.sample(sources[0][1].columns, rng.randint(1, 2))]
        measured = rng.choice(self.columns(sources))
        items = [f"{group} AS k{i}" for i, group in enumerate(groups)]
        items += ["count(*) AS n", f"sum({measured}) AS s", f"count(DISTINCT {measured}) AS d"]
        where = self.where(sources, 1)
        if rng.random() < 0.2:
            where += (" AND " if where else " WHERE ") + self.subquery(sources)
        tail = rng.choice((f" HAVING count(*) > {rng.randint(1, 3)}", f" HAVING sum({measured}) < 6",
                           f" HAVING max({measured}) IS NULL")) if having else ""
        key = [f"k{i}" for i in range(rng.randint(1, len(groups)))]
        return Query(shape, key, f"SELECT {', '.join(items)} FROM {text}{where} GROUP BY "
                     f"{', '.join(groups)}{tail}")

    def having(self, shape):
        return self.grouped(shape, True)

    def whole(self, shape):
        text, sources = self.joined(self.rng.choice(((), ("JOIN",), ("LEFT JOIN",))))
        return Query(shape, [], f"SELECT count(*) AS n, sum({self.rng.choice(self.columns(sources))}) AS s, "
                     f"min({self.rng.choice(self.columns(sources))}) AS m FROM {text}{self.where(sources)}")

    def nested_group(self, shape):
        rng, inner = self.rng, self.query("grouped")
        condition = rng.choice((f"q.n > {rng.randint(1, 3)}", "q.s < 6", "q.s IS NULL", "q.d = q.n"))
        if rng.random() < 0.5:
            return Query(shape, inner.key, f"WITH q AS ({inner.text}) SELECT {', '.join(inner.key)}, q.n, q.s "
                         f"FROM q WHERE {condition}")
        a = ("a", self.relation())
        kind = rng.choice(("JOIN", "LEFT JOIN"))
        return Query(shape, ["k"], f"SELECT {self.column(*a)} AS k, q.n AS n FROM {a[1].name} a {kind} "
                     f"({inner.text}) q ON q.k0 = {self.column(*a)} WHERE {condition}")

    def nested_rows(self, shape):
        inner, a = self.query(self.rng.choice(("outer", "subqueries", "except_", "full"))), ("a", self.relation())
        link = f"q.{inner.key[0]} = {self.column(*a)}"
        text = self.rng.choice((f"{a[1].name} a JOIN q ON {link}", f"{a[1].name} a LEFT JOIN q ON {link}"))
        return Query(shape, ["k"], f"WITH q AS ({inner.text}) SELECT {self.column(*a)} AS k, q.* FROM {text}"
                     f"{self.where([a], 1)}")

    def set_operation(self, shape, words=("UNION", "UNION ALL", "INTERSECT")):
        branches = []
        for _ in range(self.rng.randint(2, 3)):
            a = ("a", self.relation())
            text = f"{a[1].name} a"
            sources = [a]
            if self.rng.random() < 0.3:
                b = ("b", self.relation())
                text += f" LEFT JOIN {b[1].name} b ON {self.on([a], [b])}"
                sources.append(b)
            branches.append(f"SELECT {self.column(*a)} AS k, {self.column(*a)} AS x FROM {text}"
                            f"{self.where(sources, 1)}")
        text = branches[0]
        for branch in branches[1:]:
            text = f"({text}) {self.rng.choice(words)} ({branch})"
        return Query(shape, self.rng.choice((["k"], ["k", "x"])), text)

    def except_(self, shape):
        return self.set_operation(shape, ("EXCEPT", "EXCEPT ALL", "UNION", "EXCEPT"))

    def qualify(self, shape):
        text, sources = self.joined(self.rng.choice(((), ("JOIN",), ("LEFT JOIN",))))
        divided, by = self.column(*sources[0]), ", ".join(self.columns(sources))
        window = self.rng.choice((f"row_number() OVER (PARTITION BY {divided} ORDER BY {by})",
                                  f"rank() OVER (PARTITION BY {divided} ORDER BY "
                                  f"{self.rng.choice(self.columns(sources))} DESC)",
                                  f"count(*) OVER (PARTITION BY {divided})"))
        value, number = self.rng.choice(self.columns(sources)), self.rng.randint(1, 2)
        where = self.where(sources, 1)
        return Query(shape, ["k"],
                     f"SELECT {divided} AS k, {value} AS x FROM {text}{where} QUALIFY {window} = {number}",
                     f"SELECT k, x FROM (SELECT {divided} AS k, {value} AS x, {window} AS w FROM {text}{where}) q "
                     f"WHERE w = {number}")

    def window(self, shape):
        text, sources = self.joined(self.rng.choice(((), ("JOIN",))))
        divided = self.column(*sources[0])
        return Query(shape, ["k"], f"SELECT {divided} AS k, {self.rng.choice(self.columns(sources))} AS x, "
                     f"sum({self.rng.choice(self.columns(sources))}) OVER (PARTITION BY {divided}) AS s "
                     f"FROM {text}{self.where(sources, 1)}")

    def distinct_on(self, shape):
        text, sources = self.joined(self.rng.choice(((), ("LEFT JOIN",))))
        divided = self.column(*sources[0])
        by = ", ".join(self.columns(sources))
        return Query(shape, ["k"], f"SELECT DISTINCT ON ({divided}) {divided} AS k, "
                     f"{self.rng.choice(self.columns(sources))} AS x FROM {text}{self.where(sources, 1)} "
                     f"ORDER BY {divided}, {by}")

    def distinct(self, shape):
        text, sources = self.joined(self.rng.choice((("JOIN",), ("LEFT JOIN",))))
        return Query(shape, ["k"], f"SELECT DISTINCT {self.column(*sources[0])} AS k, "
                     f"{self.rng.choice(self.columns(sources))} AS x FROM {text}{self.where(sources, 1)}")

    def full(self, shape):
        a, b = ("a", self.relation()), ("b", self.relation())
        left, right = self.column(*a), self.column(*b)
        return Query(shape, ["k"], f"SELECT coalesce({left}, {right}) AS k, {self.column(*a)} AS x, "
                     f"{self.column(*b)} AS y FROM {a[1].name} a FULL JOIN {b[1].name} b ON {left} = {right}"
                     f"{self.where([a, b], 1)}")


SHAPES = {name: getattr(Generator, name) for name in (
    "inner", "outer", "outer_nested", "anti", "subqueries", "not_in", "selected_subquery", "grouped",
    "having", "whole", "nested_group", "nested_rows", "set_operation", "except_", "qualify", "window",
    "distinct_on", "distinct", "full")}
