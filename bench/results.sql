-- Makes of what was measured the results as JSON, and of these the tables.
-- script/bench sets the variables, and `output`: json, text or markdown.
SET client_min_messages = warning;
\pset pager off
\pset footer off

CREATE TEMPORARY TABLE figure (name text, "group" text, unit text, goal_is text, goal numeric, what text, place serial);
COPY figure (name, "group", unit, goal_is, goal, what) FROM :'figures';
CREATE TEMPORARY TABLE measured (name text, baseline numeric, figure numeric, p numeric, round serial);
COPY measured (name, baseline, figure, p) FROM :'measured';

CREATE TEMPORARY VIEW summary AS
SELECT f.place, f.name, f."group", f.what, f.unit, f.goal_is, f.goal,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY m.baseline)::numeric AS baseline,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY m.figure)::numeric AS figure,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY m.figure / m.baseline)::numeric AS ratio,
       min(m.figure / m.baseline) AS lowest, max(m.figure / m.baseline) AS highest,
       jsonb_agg(jsonb_build_array(m.baseline, m.figure) ORDER BY m.round) AS rounds,
       jsonb_agg(m.p ORDER BY m.round) FILTER (WHERE m.p IS NOT NULL) AS p
  FROM figure f JOIN measured m USING (name)
 GROUP BY f.place, f.name, f."group", f.what, f.unit, f.goal_is, f.goal;

-- Of the ratio, or of the figure itself.
CREATE FUNCTION pg_temp.is_met(goal_is text, goal numeric, ratio numeric, figure numeric) RETURNS boolean
RETURN CASE goal_is WHEN '<=' THEN ratio <= goal WHEN '>=' THEN ratio >= goal WHEN 'figure <' THEN figure < goal END;

CREATE TEMPORARY TABLE result AS
SELECT jsonb_build_object(
	'date', :'date', 'quick', :'quick'::boolean, 'rows', :rows,
	'machine', jsonb_build_object('cpu', :'cpu', 'cores', :'cores'::integer, 'memory_gib', :'memory'::numeric,
		'kernel', :'kernel', 'file_system', :'file_system', 'load_before', :'load'::numeric),
	'postgresql', current_setting('server_version'),
	'users', (SELECT extversion FROM pg_extension WHERE extname = 'users'),
	'figures', (SELECT jsonb_agg(jsonb_build_object(
			'name', name, 'group', "group", 'what', what, 'unit', unit, 'goal_is', goal_is, 'goal', goal,
			'ratio', round(ratio, 4), 'lowest', round(lowest, 4), 'highest', round(highest, 4),
			'goal_met', pg_temp.is_met(goal_is, goal, ratio, figure),
			'baseline', baseline, 'figure', figure, 'rounds', rounds, 'p', p) ORDER BY place)
		FROM summary)) AS document;

-- A value with three digits or all before the point.
CREATE FUNCTION pg_temp.shown(value numeric) RETURNS text
RETURN round(value, greatest(0, 2 - floor(log(value))::integer));

-- A ratio with two digits after the point, or what there is of it.
CREATE FUNCTION pg_temp.shown_ratio(ratio numeric) RETURNS text
RETURN round(ratio, CASE WHEN ratio < 0.1 THEN 4 ELSE 2 END);

-- "p = 0.43, 0.02; 0 of 2 below 0.01", of each round; empty where there is none.
CREATE FUNCTION pg_temp.shown_p(p jsonb) RETURNS text
RETURN (SELECT format('p = %s; %s of %s below 0.01', string_agg(round(value::numeric, 3)::text, ', ' ORDER BY place),
		count(*) FILTER (WHERE value::numeric < 0.01), count(*))
	FROM jsonb_array_elements_text(p) WITH ORDINALITY AS d (value, place) HAVING count(*) > 0);

CREATE TEMPORARY VIEW shown AS
SELECT d.place, f->>'name' AS name, f->>'group' AS "group", f->>'what' AS what,
       pg_temp.shown((f->>'baseline')::numeric) || ' ' || (f->>'unit') AS baseline,
       pg_temp.shown((f->>'figure')::numeric) || ' ' || (f->>'unit') AS figure,
       pg_temp.shown_ratio((f->>'ratio')::numeric) AS ratio,
       pg_temp.shown_ratio((f->>'lowest')::numeric) || '–' || pg_temp.shown_ratio((f->>'highest')::numeric) AS spread,
       CASE f->>'goal_is' WHEN '<=' THEN '≤ ' || round((f->>'goal')::numeric, 2)
		WHEN '>=' THEN '≥ ' || round((f->>'goal')::numeric, 2)
		WHEN 'figure <' THEN format('figure < %s %s', f->>'goal', f->>'unit') ELSE '' END AS goal,
       CASE (f->>'goal_met')::boolean WHEN true THEN 'met' WHEN false THEN 'MISSED' ELSE '' END AS verdict,
       pg_temp.shown_p(nullif(f->'p', 'null')) AS p
  FROM result, jsonb_array_elements(document->'figures') WITH ORDINALITY AS d (f, place);

SELECT :'output' = 'json' AS is_json, :'output' = 'text' AS is_text
\gset
\pset format unaligned
\pset tuples_only on
\if :is_json
	SELECT jsonb_pretty(document) FROM result;
\elif :is_text
	\pset format aligned
	\pset tuples_only off
	\pset border 0
	SELECT name, baseline, figure, ratio, spread, goal, verdict FROM shown ORDER BY place;
	\pset tuples_only on
	SELECT format('%s: %s', name, p) FROM shown WHERE p IS NOT NULL ORDER BY place;
\else
	SELECT format(E'%s, PostgreSQL %s, users %s, on %s cores of %s with %s GiB of memory, Linux %s, data on %s; %s rows; load average before it %s%s.\n',
			document->>'date', document->>'postgresql', document->>'users', m->>'cores', m->>'cpu',
			m->>'memory_gib', m->>'kernel', m->>'file_system', ltrim(to_char((document->>'rows')::integer, '99,999,999')), m->>'load_before',
			CASE WHEN (document->>'quick')::boolean THEN '; a quick run, so rough' ELSE '' END)
	  FROM result, jsonb_extract_path(document, 'machine') AS m;
	SELECT format(E'### %s\n\n| name | what | baseline | figure | ratio | spread | goal | |\n|---|---|--:|--:|--:|--:|--:|---|\n%s\n',
			initcap("group"), string_agg(format('| `%s` | %s | %s | %s | **%s** | %s | %s | %s |',
				name, concat_ws('; ', what, p), baseline, figure, ratio, spread, goal, verdict), E'\n' ORDER BY place))
	  FROM shown GROUP BY "group" ORDER BY min(place);
\endif
