"""Lines of a shop: orders, a tenth as many customers, 1,000 products, and the view that joins them.

A base is a snapshot of the three. Changes are of orders: 70 % updates, 20 % inserts, 10 % deletes; 5 % of the updates
change the customer. What a row is follows from its number, so that no table is kept in memory while lines are written.
"""
import json
import random

PRODUCTS = 1000
VIEWS = """CREATE VIEW details KEY (id) AS
SELECT o.id, o.quantity, o.amount, c.name, p.title
FROM orders o JOIN customers c ON c.id = o.customer_id JOIN products p ON p.id = o.product_id;
"""
COLUMNS = {
    "orders": [("id", "bigint"), ("customer_id", "integer"), ("product_id", "integer"), ("quantity", "integer"),
               ("amount", "numeric(12,2)")],
    "customers": [("id", "integer"), ("name", "text")],
    "products": [("id", "integer"), ("title", "text")],
}


def order_of(position, index=0):
    return f"0001{position:016x}{index:012x}"


def numbers_of(kind):
    """What a column of a numeric type has beside it."""
    if not kind.startswith("numeric("):
        return {}
    precision, _, scale = kind[8:-1].partition(",")
    return {"precision": int(precision), "scale": int(scale)}


def mixed(number):
    """A number that looks drawn, and is always the same."""
    return (number * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF) >> 20


class Lines:
    """A file of lines of one source, whose tables are given by their columns."""

    def __init__(self, path, position, tables, schema="public"):
        self.file = open(path, "w", encoding="ascii", buffering=1 << 20)
        self.position, self.tables, self.schema = position, tables, schema

    def source(self, table, order):
        return (f'{{"version":"0","connector":"postgresql","name":"b","ts_ms":1763709000000,"snapshot":"false",'
                f'"db":"b","sequence":"[\\"1\\",\\"2\\"]","schema":"{self.schema}","table":"{table}","txId":733,'
                f'"lsn":22069688,"xmin":null,"order":"{order}"}}')

    def table(self, table):
        columns = [{"name": name, "type": kind, "nullable": name != "id", "number": number,
                    **({"key": 1} if name == "id" else {}),
                    **numbers_of(kind)}
                   for number, (name, kind) in enumerate(self.tables[table], 1)]
        self.file.write(f'{{"table":{{"name":"{self.schema}.{table}","version":"v","columns":{json.dumps(columns)}}},'
                        f'"source":{self.source(table, order_of(self.position))},"ts_ms":1}}\n')

    def snapshot(self, table, rows):
        """The whole table: its rows are pairs of a key and the text of a row."""
        source = self.source(table, order_of(self.position))
        self.table(table)
        for status in ("begin", "end"):
            self.file.write(f'{{"snapshot":{{"status":"{status}","whole":true}},"source":{source},"ts_ms":1}}\n')
            if status == "begin":
                end = f',"source":{source},"op":"r","ts_ms":1763709000123}}\n'
                self.file.writelines(f'{{"key":{{"id":{key}}},"before":null,"after":{row}{end}' for key, row in rows)

    def change(self, table, op, key, before, after, index):
        source = self.source(table, order_of(self.position, index))
        self.file.write(f'{{"key":{{"id":{key}}},"before":{before},"after":{after},"source":{source},"op":"{op}",'
                        f'"ts_ms":1763709000123}}\n')

    def checkpoint(self):
        self.position += 1000
        self.file.write(f'{{"checkpoint":{{"v":1,"kind":"postgres","server":"1","database":"b","slot":"b","position":'
                        f'"0/{self.position:X}","order":"{order_of(self.position)}","commit_ts_ms":1763709000000,'
                        f'"snapshot":null}},"ts_ms":1763709000123}}\n')


def order_row(key, customer, product, drawn):
    return (f'{{"id":{key},"customer_id":{customer},"product_id":{product},"quantity":{1 + drawn % 8},'
            f'"amount":"{1 + drawn % 9999}.{drawn % 90 + 10}"}}')


class Shop:
    """The rows as they stand behind what was written."""

    def __init__(self, rows):
        self.rows, self.customers = rows, rows // 10
        self.position = 1000
        self.changed = {} # key: customer, product, drawn; None once it is deleted
        self.top = rows

    def order(self, key):
        """What order_row takes behind the key; nothing where the order is deleted."""
        drawn = mixed(key)
        return self.changed.get(key, (drawn % self.customers, drawn // 7 % PRODUCTS, drawn))

    def write_base(self, path):
        lines = Lines(path, self.position, COLUMNS)
        lines.snapshot("orders", ((key, order_row(key, *self.order(key))) for key in range(self.rows)))
        lines.snapshot("customers", ((key, f'{{"id":{key},"name":"customer {key}"}}') for key in range(self.customers)))
        lines.snapshot("products", ((key, f'{{"id":{key},"title":"product {key}"}}') for key in range(PRODUCTS)))
        lines.checkpoint()
        self.position = lines.position
        lines.file.close()

    def write_changes(self, path, size, count, whole=False):
        """`size`: changes between two checkpoint lines, at most. `whole`: with all of the old row, as under REPLICA IDENTITY FULL."""
        rng = random.Random(self.position)
        lines = Lines(path, self.position + 1000, COLUMNS)
        for table in COLUMNS:
            lines.table(table)
        for number in range(1, count + 1):
            kind, drawn = rng.random(), rng.getrandbits(40)
            if kind < 0.2:
                key, old = self.top, None
                self.top += 1
            else:
                key, old = drawn % self.top, self.order(drawn % self.top)
                while old is None:
                    key, old = (key + 1) % self.top, self.order((key + 1) % self.top)
            if old is None:
                new, op = (drawn % self.customers, drawn // 7 % PRODUCTS, drawn), "c"
            elif kind < 0.3:
                new, op = None, "d"
            else:
                new, op = (drawn // 11 % self.customers if kind < 0.335 else old[0], old[1], drawn), "u"
            before = "null"
            if old is not None and (whole or op == "d"):
                before = order_row(key, *old) if whole else f'{{"id":{key}}}'
            lines.change("orders", op, key, before, "null" if new is None else order_row(key, *new), number)
            self.changed[key] = new
            if number % size == 0 or number == count:
                lines.checkpoint()
        self.position = lines.position
        lines.file.close()
