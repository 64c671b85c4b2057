#!/usr/bin/env python3
"""Functions and operators of views over edge values, each held against PostgreSQL: cdc-transform gives the
same value, or refuses the expression, or stops where PostgreSQL stops.

EXPRESSIONS has at least one for each function that cdc-transform(1) lists; the test reads the list.
"""
import collections
import concurrent.futures
import decimal
import json
import pathlib
import re
import subprocess
import tempfile

import bed as beds
from bed import BIN, ROOT, say

COLUMNS = """id int PRIMARY KEY, s smallint, i integer, b bigint, n numeric(12,2), m numeric(30,10), d double precision,
f real, t text, u text, day date, ts timestamp, tz timestamptz, yes boolean"""

ROWS = [
    "NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL",
    "0, 0, 0, 0, 0, 0, 0, '', '', '1970-01-01', '1970-01-01', '1970-01-01 00:00+00', false",
    "1, 1, 1, 1, 1, 1, 1, 'a', 'b', '2024-02-29', '2024-02-29 23:59:59.999999', '2024-02-29 23:59:59.999999+00', true",
    "-1, -1, -1, -1, -1, -1, -1, 'A', 'a', '2023-12-31', '2023-12-31 12:34:56.5', '2023-12-31 12:34:56.5+00', true",
    "32767, 2147483647, 9223372036854775807, 9999999999.99, 99999999999999999999.9999999999, 1.7e308, 3e38, "
    "'äöü€😀', 'ü', '9999-12-31', '9999-12-31 23:59:59', '9999-12-31 23:59:59+00', false",
    "-32768, -2147483648, -9223372036854775808, -9999999999.99, -99999999999999999999.9999999999, -1.7e308, -3e38, "
    "'  two  words ', ' ', '0001-01-01', '0001-01-01', '0001-01-01 00:00+00', NULL",
    "2, 3, 7, 2.5, 2.5, 2.5, 2.5, 'a%b_c\\d', '%', '2000-01-01', '2000-01-01 00:00:00.000001', "
    "'2000-01-01 00:00:00.000001+00', true",
    "-3, -5, -7, -2.5, -2.5, -2.5, -2.5, 'a,b,,c', ',', '1900-03-01', '1900-02-28 23:00', '1900-02-28 23:00+00', false",
    "5, 10, 100, 0.05, 0.0000000001, 0.1, 0.1, 'aaa', 'aa', '2016-12-31', '2016-12-31 23:59:59', "
    "'2016-12-31 23:59:59+00', true",
    "7, 7, 7, 3.50, 3.5, 'NaN', 'NaN', 'é', 'É', '2021-01-03', '2021-01-03 00:30', '2021-01-03 00:30+00', true",
    "8, 8, 8, 1.45, 1.005, 'Infinity', 'Infinity', E'line\\nbreak\\t', E'\\n', '2020-12-28', '2020-12-28', "
    "'2020-12-28 00:00+00', false",
    "9, 9, 9, -0.5, -0.5, '-Infinity', '-Infinity', 'ß İ ſ', 'SS', '1582-10-10', '1582-10-10', '1582-10-10 00:00+00', "
    "false",
    "10, 10, 10, 0.5, 0.5, -0.0, -0.0, 'e' || chr(769), 'e', '2024-12-30', '2024-12-30 06:00', '2024-12-30 06:00+00', "
    "NULL",
    "11, 11, 11, 0.1, 12345678901234567890.1234567891, 1.005, 1.45, '1.005', '1e400', '0044-03-15 BC', "
    "'0044-03-15 12:00 BC', '0044-03-15 12:00+00 BC', true",
    "12, 12, 9007199254740993, 2.5, 9007199254740993.0000000001, 1e-300, 1e-40, ' 12 ', '1e-400', '2024-02-29', "
    "'2024-02-29 12:00', '2024-02-29 12:00+00', false",
    "13, 13, 13, 3.5, 3.5, 3.5, 3.5, '0x1f', ' -Infinity ', '2024-02-29', '2024-02-29 12:00', '2024-02-29 12:00+00', "
    "false",
    "14, 14, 14, 1.15, 1.15, 1e15, 1e6, '1_0', 'nan', '2024-02-29', '2024-02-29 12:00', '2024-02-29 12:00+00', NULL",
    "15, 15, 15, 1.15, 1.15, 123456.7890625, 123456.79, '12.5', 'Straße ẞ', '2024-02-29', '2024-02-29 12:00', "
    "'2024-02-29 12:00+00', NULL",
    "16, 16, 16777217, 16777217, 16777217, 16777217, 16777216, '16777217', 'infinity', 'infinity', 'infinity', 'infinity', NULL",
    "17, 17, 17, 0.1, 0.1, 0.1, 0.1, 'x', '-infinity', '-infinity', '-infinity', '-infinity', true",
]

INFINITE = [18, 19] # rows of infinite dates
BATCH = 25
PARTS = ["year", "quarter", "month", "week", "day", "doy", "dow", "isodow", "hour", "minute"]

EXPRESSIONS = """
chr(i); chr(s); chr(0); chr(b::integer); coalesce(i, 1 / 0); coalesce(n, n % 0); CASE WHEN yes THEN 1 / 0 ELSE i END; (i > 0)::bigint; yes::smallint; yes::numeric(3,0); yes::double precision; s::boolean; b::boolean; n::boolean; d::boolean; i::boolean::integer; (i > 0)::integer::bigint
s + 1; i + 1; b + 1; s + s; i + i; b + b; n + n; m + m; d + 1; f + f; i + n; b + m; n + 0.001
s - 1; i - 1; b - 1; i - n; n - m; d - d; -s; -i; -b; -n; -d; -f
s * s; i * i; i * 2; b * 2; n * n; n * m; n * 3; i * n; d * 2; d * d; n * 0.01
i / 2; b / 3; b / -1; i / -1; s / 2; i / nullif(s, 0); b / nullif(i, 0); n / 3; n / nullif(i, 0); m / 7; n / nullif(n, 0); 7 / nullif(i, 0)
n::double precision / 3; n::double precision / nullif(i, 0); d / 3; i::double precision / 7
round(n / 3, 2); round(n / i, 4); round(m / n, 10); round(n / m, 0); (n / i)::numeric(20,5); round(i / n, 1); round(n / n, 20); round(m / 7, 3); round(n / 3); round(i / 2); (i / 2)::numeric(12,2); round(b / n, 3); round(1 / m, 2); round(n / 0.003, 2); (m / m)::numeric(5,2); b / i; s / i; i / s; b / 0; round(n / 0, 1); round(0.05 / n, 5); round((n + 1) / (i * 3), 2); round(n * 100 / nullif(i, 0), 1)
i % s; mod(n, i); b % 0; n % 0.0; mod(n, i) + 1; (i % s)::text; concat(b % i); i % -1; b % -1; s % -1; mod(n, n)
s % 3; i % 3; b % 7; i % -3; n % 3; mod(n, 0.3); mod(i, 2); mod(b, -7); m % 0.7; b % nullif(i, 0); d % 3
t || u; t || i; t || 'x'; concat(t, u); concat(t, i); concat(t, NULL, yes); concat_ws(',', t, u); concat_ws('', t, NULL, u); concat(n); concat(d); concat(day)
i = s; n = i; n = m; d = n; t = u; t <> u; i < n; t < u; t >= u; i <= b; n > m; d > 0; d = d; f < d; day < ts; day = ts; tz > '2000-01-01 00:00+00'
t LIKE 'a%'; t LIKE u; t NOT LIKE '%a'; t ILIKE 'A%'; t NOT ILIKE 'Ä%'; t LIKE 'a\\%b%'; t LIKE '_'; t ILIKE 'é'; t LIKE ''; t ILIKE u
i BETWEEN s AND b; n BETWEEN 0 AND 3; i IN (1, 2, NULL); t IN ('a', 'aaa'); t NOT IN ('a', NULL); i IS NULL; t IS NOT NULL; i IS DISTINCT FROM s; t IS NOT DISTINCT FROM u
yes AND i > 0; yes OR i > 0; NOT yes; CASE WHEN i > 0 THEN t ELSE u END; CASE i WHEN 1 THEN n ELSE m END; CASE WHEN yes THEN i END
i::text; b::text; n::text; m::text; d::text; f::text; yes::text; day::text; ts::text; tz::text; t::text; s::bigint; i::smallint; b::integer; n::integer; n::bigint; m::integer; d::integer; d::bigint; f::integer; n::numeric(12,1); m::numeric(12,2); i::numeric(12,2); d::numeric(12,2); f::numeric(12,2); n::double precision; m::double precision; d::real; i::real; b::double precision; b::real; i::boolean; yes::integer; t::integer; t::numeric(12,2); t::double precision; t::date; t::boolean; day::timestamp; ts::date; ts::time; tz::date; ts::timestamptz; tz::timestamp; t::varchar(2); t::char(3); n::real; i::varchar
abs(s); abs(i); abs(b); abs(n); abs(m); abs(d); abs(f)
ceil(n); ceil(d); ceil(m); ceiling(n); ceiling(d); ceil(i); ceil(f); floor(n); floor(m); floor(d); floor(i); floor(f)
greatest(i, s); greatest(n, m); greatest(t, u); greatest(d, 0); greatest(i, NULL); least(i, s); least(n, i); least(t, u); least(d, f); least(day, ts)
round(n); round(n, 1); round(m, 2); round(m); round(n, 0); round(n, -1); round(d); round(f); round(i); round(n, 3); round(i, -1)
sign(i); sign(n); sign(d); sign(b); sign(m)
trunc(n); trunc(d); trunc(m); trunc(n, 1); trunc(m, 3); trunc(i); trunc(f)
ascii(t); ascii(u); chr(65 + abs(s % 20)); chr(8364); btrim(t); btrim(t, 'a '); btrim(t, u); char_length(t); character_length(u); length(t); length(u)
left(t, 2); left(t, -1); left(t, 0); right(t, 2); right(t, -1); right(t, 0); left(t, i % 4); lower(t); lower(u); upper(t); upper(u)
lpad(t, 5, 'xy'); lpad(t, 2, 'x'); lpad(t, 5, u); rpad(t, 5, 'xy'); rpad(t, 0, 'x'); lpad(t, -1, 'x'); lpad(t, 6); rpad(t, 6)
ltrim(t); ltrim(t, 'a'); rtrim(t); rtrim(t, 'c'); trim(t); trim(both 'a' from t); trim(leading ' ' from t); trim(trailing u from t)
md5(t); position('a' in t); position(u in t); strpos(t, 'a'); strpos(t, ''); strpos(t, u); repeat(t, 2); repeat(t, 0); repeat(u, -1); replace(t, 'a', 'bb'); replace(t, '', 'x'); replace(t, u, ''); reverse(t); reverse(u)
split_part(t, ',', 1); split_part(t, ',', 3); split_part(t, ',', 9); split_part(t, ',', -1); split_part(t, u, 1); split_part(t, '', 1); split_part(t, ',', 0); starts_with(t, 'a'); starts_with(t, ''); starts_with(t, u)
substr(t, 2); substr(t, 2, 1); substr(t, 1, 0); substring(t, 2); substring(t from 2 for 3); substring(t from 100); substr(t, 1, 1000)
date_trunc('year', ts); date_trunc('quarter', ts); date_trunc('month', day); date_trunc('week', ts); date_trunc('day', tz); date_trunc('hour', ts); date_trunc('minute', tz); date_trunc('second', ts); date_trunc('milliseconds', ts); date_trunc('decade', ts); date_trunc('century', ts); date_trunc('millennium', ts); date_trunc('week', day); date_trunc('microseconds', tz); date_trunc('day', day)
date_part('year', ts); date_part('dow', day); coalesce(i, 0); coalesce(t, u, 'x'); coalesce(n, i); nullif(i, 1); nullif(t, ''); nullif(n, 0); nullif(d, 0); coalesce(t, '')
f * 2; f + i; f + n; f - d; f * f; f / nullif(d, 0); d / 0.1; f / 0.1; d * 1e-300::double precision; f + 0.1; i * f; d + m; d - b; f * f * f; -(d + d)
f = 0.1; f = n; f IN (0.1, 2.5); f BETWEEN 0 AND 0.1; f < m; d = m; d IN (0.1, 2.5, NULL); d BETWEEN n AND m; CASE f WHEN 0.1 THEN 1 ELSE 0 END; d = b; nullif(d, 2.5)
concat(f); concat(d, 'x'); concat(yes, d, f, day, ts, tz); concat_ws('-', d, yes, n); d || t; t || f; t || yes; t || day; t || ts; concat(upper(t), d); concat(d > 0, t); t || n; concat(n, m, b)
round(s); round(b); ceil(b); floor(b); trunc(b); sign(f); sign(s); round(n::double precision); round(d + 1); round(f * 2); trunc(d, 1); round(d, 1); ceil(s); abs(f + f); round(d / 3)
u::integer; u::bigint; u::double precision; u::real; t::real; t::bigint; u::numeric(12,2); (f + d)::text; concat(round(d)); d::real::text; f::double precision::text; m::double precision::text; n::real::text; m::real::text; b::double precision::text; d::numeric(20,5); f::numeric(20,5); d::numeric(5,0); f::double precision; (d::text)::double precision; (n || '')::numeric(12,1)
t::varchar; t::character varying(3); t::char; CAST(t AS varchar(2)); CAST(t AS char(3)); CAST(t AS character); upper(u); upper(t || 'ß'); lower(upper(t)); upper(left(t, 1)); upper('ß'); u ILIKE '%SS%'; (SELECT upper(e.t) FROM edges e WHERE e.id = edges.id); (SELECT round(e.d) FROM edges e WHERE e.id = edges.id) + 1
CASE WHEN yes THEN f ELSE n END; CASE WHEN yes THEN d ELSE n END; CASE WHEN yes THEN d ELSE m END; CASE WHEN yes THEN f ELSE d END; CASE WHEN yes THEN f ELSE b END; CASE WHEN yes THEN b ELSE f END; CASE WHEN yes THEN f ELSE 0.1 END; CASE WHEN yes THEN d ELSE 0 END; CASE WHEN yes THEN f WHEN i > 0 THEN m END; CASE WHEN yes THEN d END
coalesce(f, n); coalesce(n, f); coalesce(d, m); coalesce(m, d); coalesce(f, d); coalesce(f, 0.1); coalesce(d, 0); coalesce(f, b); coalesce(b, d); coalesce(s, f); coalesce(f, m); coalesce(NULL, n, d)
greatest(f, n); least(f, n); greatest(d, m); least(f, d); greatest(f, b); greatest(n, d); least(m, f); greatest(f, 0.1)
nullif(f, 0.1); nullif(f, n); nullif(d, m); nullif(f, d); nullif(f, b); nullif(n, f); nullif(m, d); nullif(f, 0); nullif(i, f); nullif(d, n)
f IN (SELECT e.n FROM edges e); f IN (SELECT e.m FROM edges e); d IN (SELECT e.n FROM edges e); d IN (SELECT e.m FROM edges e); n IN (SELECT e.f FROM edges e); n IN (SELECT e.d FROM edges e); m IN (SELECT e.d FROM edges e); f IN (SELECT e.d FROM edges e); d IN (SELECT e.f FROM edges e); f IN (SELECT e.b FROM edges e); b IN (SELECT e.f FROM edges e); d IN (SELECT e.d FROM edges e); d NOT IN (SELECT e.m FROM edges e WHERE e.m IS NOT NULL); f = ANY (SELECT e.n FROM edges e); d IN (SELECT e.b FROM edges e)
(SELECT max(w.y) FROM (SELECT e.d AS y FROM edges e WHERE e.id = edges.id UNION ALL SELECT e.m FROM edges e WHERE e.id = edges.id) w); (SELECT max(w.y) FROM (SELECT e.f AS y FROM edges e WHERE e.id = edges.id UNION ALL SELECT e.n FROM edges e WHERE e.id = edges.id) w); (SELECT max(w.y) FROM (SELECT e.n AS y FROM edges e WHERE e.id = edges.id UNION ALL SELECT e.d FROM edges e WHERE e.id = edges.id) w); (SELECT count(*) FROM (SELECT e.f AS y FROM edges e WHERE e.id = edges.id EXCEPT SELECT e.n FROM edges e WHERE e.id = edges.id) w); (SELECT count(*) FROM (SELECT e.d AS y FROM edges e WHERE e.id = edges.id INTERSECT SELECT e.m FROM edges e WHERE e.id = edges.id) w); (SELECT max(w.y) FROM (SELECT e.f AS y FROM edges e WHERE e.id = edges.id UNION SELECT e.b FROM edges e WHERE e.id = edges.id) w)
greatest(n::numeric(38,0), m); coalesce(n::numeric(38,0), m); n::numeric(38,0) < m; n::numeric(38,0) IN (SELECT e.m FROM edges e); nullif(n::numeric(38,0), m); CASE WHEN yes THEN n::numeric(38,0) ELSE 0.005 END; least(b, m, n::numeric(38,0))
n = '2.5'; n > '2.495'; n > ' 1.4499 '; coalesce(n, '1.005'); n IN ('0.045', '2.5'); n BETWEEN '0.045' AND '0.055'; nullif(n, '2.505'); n + '1.005'; '1.005' - n; n * '0.001'; i = '3'; i = '3.0'; i + '3'; s IN ('1', '7'); f = '0.1'; d > '-Infinity'; d = 'NaN'; d + '0.1'; n = '1e1'; yes = 'on'; yes = 'fa'; coalesce(yes, 'n')
day < '20200101'; day < 'Jan 1, 2024'; ts < '2000-01-01 00:00:00.0000007'; ts > '2024-02-29 23:59:59.9999996'; TIMESTAMP '2000-01-01 00:00:00.9999999'; (ts::text || '.1234567')::timestamp; tz > '2024-02-29 23:00:00+00'; ts + INTERVAL 'P1M'; ts + INTERVAL '1 month' > ts + INTERVAL '30 days'; ts + INTERVAL '1 month 1 day 02:03:04.5'; ts - INTERVAL '90 minutes ago'
trim(chr(160) || t || chr(12288)); ltrim(chr(8195) || t); rtrim(t || chr(160) || ' '); s * 1000; s + 32767; 32767 - s; s * s; greatest(n, 1)::text; coalesce(n, 0) || 'x'; CASE WHEN yes THEN n ELSE 0 END::text; coalesce(n, 0.00)::text; round(coalesce(n, 0), 1)::text; B'101'::text; X'1f'::text; '\\x4142'::bytea = 'AB'; '\\x0041'::bytea || '\\x42' = '\\x004142'
(.5)::text; concat(-.50, t); (n / 10000000000)::numeric(4,4)::text; n || '007'; '-' || i; ts || ''; s || '05'
('2024-01-01 BC' || '')::date; ('10:20:30 PM' || '')::time; ('1/2/3' || '')::date; ('99-05-04 10:20' || '')::timestamp; ('2024-07-02 12:30:30 CET' || '')::timestamptz; '2024-01-01 BC'::date; '2024-07-02 12:30:30 IST'::timestamptz; ('2024-01-01 10:20:30 BC' || '')::timestamp
day < '2020-01-01'; ts < day; tz = '-infinity'; coalesce(day, '2000-01-01'); greatest(ts, day)
n * 1e2; m * 1e-1; m + 1e0; n = 1e2; d * 1e2; m > 1.5e20; d * 1e2::double precision; m * 12345678901234567890123456789012345678901234567890
day + 2147483647; day - 2147483647; day - 5000000; day + 2100000000; '5874897-12-31'::date + 1; ts - INTERVAL '7000 years'; tz - INTERVAL '7000 years'; day - INTERVAL '10000 years'; ts + INTERVAL '200000 years'; day < '2023-02-29'; '2024-02-30'::date; coalesce(i, 1 / (1 - 1)); i + (2147483647 + 1)
day + 1; day - 1; day - day; day - DATE '2000-01-01'; DATE '2000-01-01' - day; ts - ts; day + i; ts + INTERVAL '1 month'; ts - INTERVAL '1 day'; day + INTERVAL '1 month'; tz + INTERVAL '1 hour'; ts + INTERVAL '1 year'
"""

# Over the rows of a group: those of id % 4; the largest and the smallest values, whose sums overflow, are alone.
AGGREGATES = """
count(*); count(i); count(DISTINCT s); sum(s); sum(i); sum(b); sum(n); sum(m); sum(i::double precision); min(i); max(i); min(n); max(m)
min(t); max(t); min(u); max(u); min(d); max(d); min(f); max(f); min(day); max(ts); min(tz); bool_and(yes); bool_or(yes); every(yes); min(yes); max(yes)
round(avg(n), 2); round(avg(i), 1); round(avg(b)); avg(m)::numeric(38,10); round(avg(s), 20); round(avg(DISTINCT n), 3); round(avg(n) FILTER (WHERE i > 0), 4); round(sum(n) / count(*), 2); round(sum(n) / count(n), 3); round(100.0 * count(i) / count(*), 1); sum(i)::bigint / count(*); avg(i); avg(n); avg(b); avg(m); avg(s); avg(i::double precision); sum(DISTINCT i); count(DISTINCT t); sum(n) FILTER (WHERE i > 0); count(*) FILTER (WHERE yes)
string_agg(t, ',' ORDER BY id); string_agg(u, '' ORDER BY id); string_agg(DISTINCT u, ',' ORDER BY u); array_agg(i ORDER BY id); array_agg(t ORDER BY id); sum(n) / 3; sum(i) / nullif(count(i), 0); sum(n) / nullif(count(n), 0)
sum(d); sum(f); avg(d); avg(d::double precision); avg(f::double precision); sum(f::double precision); sum(d::double precision); sum(d::double precision) FILTER (WHERE i > 0); sum(DISTINCT d::double precision); avg(n::double precision); sum(round(d)::double precision); concat(sum(n), max(d)); round(max(d)); round(avg(d::double precision)::numeric(12,2), 1); max(f) + 0.1; upper(min(t)); bool_or(f = 0.1); concat(bool_and(yes)); array_agg(d ORDER BY id); array_agg(i ORDER BY id)::text; min(day)::text; max(d) = max(m)
max(s) * 1000; min(s) + 40000; string_agg(t, NULL ORDER BY id); greatest(sum(n), 0.005); coalesce(sum(n), sum(m)); sum(coalesce(n, 0))::text; sum(i) * 2; sum(b) + 1; sum(i)::bigint; max(n) - min(n); round(sum(n), 1); sum(yes::integer); max(length(t)); min(abs(n))
"""

WINDOWS = """
row_number() OVER w; rank() OVER w; dense_rank() OVER w; ntile(2) OVER w; ntile(3) OVER w; ntile(id) OVER w; lag(i) OVER w; lag(t, 2) OVER w; lag(i, 1, -7) OVER w; lag(f, 1, 0.1) OVER w; lag(n, 1, 0.123) OVER w; lag(n, 1, 0.12) OVER w; lag(n, 1, 0) OVER w; lag(i, 1, 0.5) OVER w; lag(d, 1, 0.1) OVER w; lead(f, 1, n) OVER w; lead(d, 1, m) OVER w; lead(n) OVER w; lead(t, 2, 'none') OVER w
first_value(t) OVER w; last_value(t) OVER w; nth_value(i, 2) OVER w; nth_value(i, 0) OVER w; nth_value(i, -1) OVER w; nth_value(i, id) OVER w; ntile(0) OVER w; ntile(-1) OVER w; lag(i, -1) OVER w; lag(i, 0) OVER w; lead(i, s) OVER w; lag(i, NULL) OVER w; sum(i) OVER w; sum(n) OVER w; count(*) OVER w; count(t) OVER w; sum(d::double precision) OVER w; sum(d) OVER w; avg(d::double precision) OVER w; round(d) + 0 * rank() OVER w; upper(lag(t) OVER w); concat(lag(yes) OVER w, d); concat(first_value(d) OVER w); round(avg(n) OVER w, 2); round(avg(i) OVER w, 5); round(sum(n) OVER w / count(*) OVER w, 2); max(i) OVER w; min(t) OVER w; sum(b) OVER w; avg(n) OVER w
"""


def listed(text):
    return [each.strip() for line in text.strip().splitlines() for each in line.split("; ")]


Case = collections.namedtuple("Case", "name text select")


# Texts that become dates and times, the same as constants and as values: one reader takes both.
OF_DATES = """2024-01-05; 2024-1-5; 2024/01/05; 999-01-05; 0044-03-15 BC; 44444-01-05; infinity; -Infinity; epoch;  2024-01-05 """
OF_MOMENTS = """2024-01-05 10:20; 2024-01-05T10:20:30; 2024-01-05 10:20:30.; 2024-01-05 1:2:3; 2024-01-05 10:20:30.0000015; 2024-01-05 10:20+02;
2024-01-05 10:20:30-02:30; 2024-01-05 10:20:30 +0530; 2024-01-05 10:20:30+05:30:15; 2024-01-05t10:20:30z; 2024-01-05 10:20 UTC; 0044-03-15 10:20:30 BC"""
OF_TIMES = "10:20; 1:2:3; 10:20:30.1234567; 24:00; 10:20:30+02; 10:20:30 UTC"
MOMENTS = {"date": OF_DATES + "; 5874897-12-31; 4714-11-24 BC; " + OF_MOMENTS, "timestamp": OF_DATES + "; " + OF_MOMENTS,
           "timestamptz": OF_DATES + "; " + OF_MOMENTS + "; 2024-07-05 10:20:30 Europe/Berlin; 2024-01-05 10:20:30 EST",
           "time": OF_TIMES + "; 2024-01-05 10:20", "timetz": OF_TIMES}


def moments():
    """For each type what they all are, as constants and as values."""
    out = []
    for kind, texts in MOMENTS.items():
        for behind in ("", " || ''"):
            each = ", ".join(f"('{text}'{behind})::{kind}" for text in re.split(r";[ \n]", texts))
            out.append(f"concat_ws(',', {each})")
    return out


def cases():
    out = []
    for text in moments():
        out.append(Case(f"e{len(out)}x", text, f"SELECT id, {text} AS x FROM edges WHERE id IN (:ids)"))
    for text in listed(EXPRESSIONS) + [f"extract({part} FROM {column})" for part in PARTS
                                       for column in ("day", "ts", "tz")
                                       if column != "day" or part not in ("hour", "minute")]:
        out.append(Case(f"e{len(out)}x", text, f"SELECT id, {text} AS x FROM edges WHERE id IN (:ids)"))
    for text in listed(AGGREGATES):
        out.append(Case(f"e{len(out)}x", text, f"SELECT g AS id, {text} AS x FROM grouped WHERE g IN (:ids) GROUP BY g"))
    for text in listed(WINDOWS):
        over = text.replace("OVER w", "OVER (PARTITION BY g ORDER BY i, id)")
        out.append(Case(f"e{len(out)}x", text, f"SELECT g, id, {over} AS x FROM grouped WHERE g IN (:ids)"))
    return out


def over(case, ids):
    return case.select.replace(":ids", ",".join(map(str, ids)))


def exact(value):
    """A value as PostgreSQL's JSON or a line has it, so that equal ones compare equal."""
    if isinstance(value, list):
        return [exact(each) for each in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float, decimal.Decimal)):
        return exact(str(value))
    if value in ("Infinity", "-Infinity", "NaN"):
        return value
    if re.fullmatch(r"-?\d+(\.\d+)?([eE][-+]?\d+)?", value):
        number = decimal.Decimal(value)
        return ("number", number + 0 if number else decimal.Decimal(0))
    if re.match(r"\d+-\d\d-\d\d[T ]", value): # the zone is UTC
        return re.sub(r"(Z|\+00(:00)?)(?=$| BC$)", "", value.replace("T", " "))
    return value


class Functions(beds.Bed):
    def __init__(self, work):
        super().__init__(work, services=("postgres",))
        self.lines = work / "lines"

    def fill(self):
        rows = ",".join(f"({number}, {row})" for number, row in enumerate(ROWS))
        self.psql(f"""CREATE TABLE edges ({COLUMNS}); INSERT INTO edges VALUES {rows};
            CREATE TABLE grouped (LIKE edges INCLUDING ALL, g int);
            INSERT INTO grouped SELECT *, id % 4 FROM edges WHERE id NOT IN (4, 5);
            INSERT INTO grouped SELECT e.*, id + 100 FROM edges e WHERE id IN (4, 5);
            UPDATE grouped SET id = id + 100 WHERE g > 100;
            CREATE FUNCTION answer(command text) RETURNS text LANGUAGE plpgsql AS $$
            DECLARE result text;
            BEGIN
                EXECUTE 'SELECT json_agg(r)::text FROM (' || command || ') r' INTO result;
                RETURN coalesce(result, '[]');
            EXCEPTION WHEN OTHERS THEN RETURN 'error ' || SQLERRM;
            END $$;""")
        checkpoint = self.work / "edges.json"
        snapshot = self.spawn(["cdc-snapshot", "--source", self.source, "--slot", "edges", "--create",
                               "--checkpoint", checkpoint], stdout=subprocess.PIPE)
        with open(self.lines, "wb") as out:
            for line in snapshot.stdout:
                out.write(line)
                if line.startswith(b'{"checkpoint"'):
                    checkpoint.write_bytes(line)
        if snapshot.wait(30) != 0:
            raise RuntimeError(self.tail())

    def ask(self, questions):
        """PostgreSQL's rows for each (case, ids), or the text of its error."""
        path = self.work / "questions.sql"
        path.write_text("SET TimeZone = 'UTC';\n" + "".join(
            "SELECT answer($q$" + over(case, ids) + "$q$);\n" for case, ids in questions))
        done = subprocess.run(["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-d", self.source, "-f", path],
                              env=self.env, capture_output=True, text=True, check=True)
        out = re.split(r"\n(?=\[|error )", done.stdout.rstrip("\n"))
        if len(out) != len(questions):
            raise RuntimeError(f"{len(out)} answers to {len(questions)} questions")
        return [text if text.startswith("error ") else json.loads(text, parse_float=decimal.Decimal)
                for text in out]

    def transform(self, questions):
        """Exit status, the rows of each case's view, and messages."""
        with tempfile.TemporaryDirectory(dir=self.work) as folder:
            folder = pathlib.Path(folder)
            (folder / "v.sql").write_text("\n".join(
                f"CREATE VIEW {case.name} KEY ({'g, id) FULL' if case.select.startswith('SELECT g, id') else 'id)'} "
                f"AS {over(case, ids)};" for case, ids in questions))
            with open(self.lines, "rb") as lines:
                done = subprocess.run([BIN / "cdc-transform", "--views", folder / "v.sql", "--state",
                                       folder / "state", "--ack", "on-write"], stdin=lines, capture_output=True,
                                      env=self.env, check=False)
        rows = {case.name: [] for case, _ in questions}
        for line in done.stdout.splitlines():
            if b'"op":"r"' in line:
                line = json.loads(line, parse_float=decimal.Decimal)
                rows[line["source"]["table"]].append(line["after"])
        return done.returncode, rows, done.stderr.decode(errors="replace")


def differences(wanted, got):
    def by_key(rows):
        return {tuple(value for name, value in row.items() if name != "x"): exact(row["x"]) for row in rows}
    wanted, got = by_key(wanted), by_key(got)
    return [f"{key}: {got.get(key, 'no row')} and not {wanted.get(key, 'no row')}"
            for key in sorted(wanted.keys() | got.keys()) if wanted.get(key, "no row") != got.get(key, "no row")]


def ids_of(case):
    return [0, 1, 2, 3, 104, 105] if "grouped" in case.select else list(range(len(ROWS)))


class Trial:
    """A case, what PostgreSQL answers to each of its ids, what became of it, and what is wrong."""

    def __init__(self, case, answers):
        self.case = case
        self.answers = answers
        self.good = [each for each in answers if not isinstance(answers[each], str)]
        self.outcome = None
        self.wrong = []

    def compare(self, ids, rows):
        self.wrong += differences([row for each in ids for row in self.answers[each]], rows)

    def end(self, outcome):
        self.outcome = outcome


def hold_together(bed, trials):
    """The cases over the rows to which PostgreSQL has an answer, in one run; a view that is refused, or
    that stops, leaves it, and the rest begins again."""
    while trials:
        status, rows, words = bed.transform([(trial.case, trial.good) for trial in trials])
        if status == 0:
            for trial in trials:
                trial.compare(trial.good, rows[trial.case.name])
                trial.end("same")
            return
        named = re.search(r"error: .*?\b(?:out_)?(e\d+x)\b", words)
        if status not in (2, 5) or named is None:
            raise RuntimeError(f"status {status}: {words}")
        trial = next(trial for trial in trials if trial.case.name == named[1])
        trials = [each for each in trials if each is not trial]
        trial.end("refused" if status == 2 else "stops")
        hold_finite(bed, trial)


def hold_finite(bed, trial):
    """What stops at an infinite date is compared over the other rows."""
    rest = [each for each in trial.good if each not in INFINITE]
    if trial.outcome == "stops" and "edges" in trial.case.select and rest:
        status, rows, _ = bed.transform([(trial.case, rest)])
        if status == 0:
            trial.compare(rest, rows[trial.case.name])
            trial.end("stops at an infinite date")


def hold_stopping(bed, trial):
    """Rows at which PostgreSQL stops stop here too."""
    for each in trial.answers:
        if each not in trial.good and trial.outcome != "refused":
            status, rows, _ = bed.transform([(trial.case, [each])])
            if status == 2:
                trial.end("refused")
            elif status != 5:
                trial.wrong.append(f"{each}: {rows[trial.case.name]} where PostgreSQL stops: {trial.answers[each]}")
            return # one row tells


def run(bed):
    bed.fill()
    page = (ROOT / "man" / "cdc-transform.1.md").read_text()
    table = page[page.index("| operators |"):page.index("| aggregates |")].replace("`avg`", "")
    every = " ".join(case.text for case in cases())
    for name in re.findall(r"`([a-z_0-9]+)`", table[table.index("| numbers |"):]):
        if name not in PARTS and not re.search(rf"\b{name}\b", every):
            raise RuntimeError(f"no expression tries {name}")
    questions = [(case, [each]) for case in cases() for each in ids_of(case)]
    answers = collections.defaultdict(dict)
    for (case, ids), answer in zip(questions, bed.ask(questions)):
        answers[case][ids[0]] = answer
    trials = [Trial(case, given) for case, given in answers.items()]
    batches = [trials[at:at + BATCH] for at in range(0, len(trials), BATCH)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda batch: hold_together(bed, [each for each in batch if each.good]), batches))
        list(pool.map(lambda trial: hold_stopping(bed, trial), [each for each in trials if each.good]))
    for trial in trials:
        for text in trial.wrong:
            print(f"{trial.case.text}: {text}")
    counts = collections.Counter(trial.outcome for trial in trials)
    say(f"{len(trials)} expressions over {len(ROWS)} rows: {dict(counts)}")
    for outcome in ("refused", "stops"):
        say(f"{outcome}: " + "; ".join(trial.case.text for trial in trials if trial.outcome == outcome))
    if any(trial.wrong for trial in trials):
        raise RuntimeError("values differ")


if __name__ == "__main__":
    beds.main(Functions, run)
