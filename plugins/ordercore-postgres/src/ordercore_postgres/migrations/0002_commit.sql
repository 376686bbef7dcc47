-- compatible: 1
-- What writes: all of a batch, or of several that were merged, in one call and so in one round trip.
--
-- `work` holds lists, each left out where it is empty; numbers of versions and figures are those of `work.py`:
--   v  streams that must have so many events: [stream, events]
--   m  a follower's step: [consumer, expected cursor or null, new cursor or null]
--   e  ids of batches without events: [command, fingerprint, at, effective, actor, cause, correlation]
--   l  log rows: [command, part, fingerprint, stream, version, count, at, effective, actor, cause, correlation, crc, events]
--   x  log rows in their order, of which some go to the end (version null) or only compare (count 0); instead of v and l
--   q  counters that must have a value: [name, value];  b  counters to add to: [name, times]
--   d  waves of documents, none twice in one: {n: new, u: at their revision, s: whatever is there, x: deleted}
--   s  timers to set: [kind, key, due];  c  timers to cancel: [kind, key]
--   p  changes of rows, sorted: [sku, owner, lot, place, least available afterwards, figures up to the last that changes]
--   a  there, and empty, if no figures but the first three change: available, soft_reserved, reserved
--   r  whether to look first for rows of transactions that this server has not begun yet: for a store on a connection of
--      the host's, which never looks at anything when it is opened
--   g  what else rows must hold afterwards: [sku, owner, lot, place, column, at least or null, exactly or null]
--
-- The answer is null if anything stands in the way, and nothing is written then; else the epoch, the transaction, the
-- positions of the log rows and, for x, the heads before them: words with a blank between, lists with commas.
--
-- A single row, which is what a single order writes, is written without a set of rows around it: that alone is a sixth of
-- the server's work.
--
-- Wherever rows are joined with a table, the tenant comes with the rows, out of the planner's sight: knowing it, and that
-- the tables were small when a session began, it would keep a plan that goes through all that the tenant has.
--
-- Locks are taken in one order everywhere: log, counters by name, documents, timers, and the hot rows last and sorted,
-- so that they are held for the shortest time and no two transactions wait for each other.
create function ordercore_commit(t text, work jsonb) returns text
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_material = off
as $$
#variable_conflict use_column
declare
    epoch integer;
    xid bigint;
    positions bigint[];
    versions integer[];
    n bigint;
    r jsonb;
    head bigint;
    wave jsonb;
    fits boolean;
    counted record;
begin
    if work ? 'r' and exists (
        select from ordercore_log l where l.tenant = t and l.stream is not null and (l.epoch, l.xid, l.pos) > (
            (select e.epoch from ordercore_epoch e),
            greatest(pg_snapshot_xmax(pg_current_snapshot()), pg_current_xact_id_if_assigned()), 9223372036854775807
        )
    ) then
        raise exception using errcode = 'OC002', message = 'ordercore: the database was restored';
    end if;
    if work ? 'v' or work ? 'x' then
        -- Before the look at the heads: what leaves for an archive has left, or waits (`archive.py`).
        lock table ordercore_log in row exclusive mode;
        if current_setting('transaction_isolation') <> 'read committed' then
            -- A host whose snapshot may be older than that: then PostgreSQL itself says so.
            perform 1 from jsonb_array_elements(coalesce(work->'v', work->'x')) s
                join ordercore_log l on l.tenant = t and l.stream = coalesce(s->>3, s->>0) and l.version = 1
            for share of l;
        end if;
    end if;
    -- In the log nothing may come before what it follows: not behind a head of a younger transaction. Numbers of
    -- transactions of an earlier epoch, before a restore, say nothing here.
    if work ? 'v' then
        select count(*) into n from jsonb_array_elements(work->'v') v
        where (
            select l.version + l.count = (v->>1)::bigint + 1
                and case when l.xid > pg_current_xact_id_if_assigned()
                    then l.epoch < (select e.epoch from ordercore_epoch e) else true end
            from ordercore_log l where l.tenant = t and l.stream = v->>0 and l.version <= (v->>1)::bigint
            order by l.version desc limit 1
        );
        if n < jsonb_array_length(work->'v') then
            raise exception using errcode = 'OC001', message = 'ordercore: a stream has moved';
        end if;
    end if;
    if work ? 'm' then
        r := work->'m';
        if r->>1 is null and r->>2 is null then
            perform 1 from ordercore_consumer c where c.tenant = t and c.name = r->>0;
            fits := not found;
        elsif r->>1 is null then
            insert into ordercore_consumer (tenant, name, cursor) values (t, r->>0, r->>2) on conflict do nothing;
            fits := found;
        elsif r->>2 is null then
            delete from ordercore_consumer c where c.tenant = t and c.name = r->>0 and c.cursor = r->>1;
            fits := found;
        else
            update ordercore_consumer c set cursor = r->>2 where c.tenant = t and c.name = r->>0 and c.cursor = r->>1;
            fits := found;
        end if;
        if not fits then
            raise exception using errcode = 'OC001', message = 'ordercore: a follower has moved';
        end if;
    end if;
    if work ? 'e' then
        insert into ordercore_log (
            tenant, command, part, epoch, fingerprint, version, count, at, effective, actor, cause, correlation, crc, events
        )
        select t, e->>0, 0, (select epoch from ordercore_epoch), decode(e->>1, 'hex'), 0, 0,
            (e->>2)::bigint, (e->>3)::bigint, e->>4, e->>5, e->>6, 0, ''
        from jsonb_array_elements(work->'e') e on conflict do nothing;
        get diagnostics n = row_count;
        if n < jsonb_array_length(work->'e') then
            raise exception using errcode = 'OC001', message = 'ordercore: an id is taken';
        end if;
    end if;
    if jsonb_array_length(work->'l') = 1 then
        r := work->'l'->0;
        insert into ordercore_log as l (
            tenant, command, part, epoch, fingerprint, stream, version, count, at, effective, actor, cause, correlation, crc,
            events
        )
        values (
            t, r->>0, (r->1)::integer, (select e.epoch from ordercore_epoch e), decode(r->>2, 'hex'), r->>3, (r->4)::integer,
            (r->5)::integer, (r->6)::bigint, (r->7)::bigint, r->>8, r->>9, r->>10, (r->11)::bigint, r->>12
        )
        on conflict do nothing returning l.epoch, l.xid::text::bigint, l.pos into epoch, xid, n;
        if not found then
            raise exception using errcode = 'OC001', message = 'ordercore: an id or a version is taken';
        end if;
        positions := array[n];
    elsif work ? 'l' then
        with put as (
            insert into ordercore_log as l (
                tenant, command, part, epoch, fingerprint, stream, version, count, at, effective, actor, cause, correlation,
                crc, events
            )
            select t, r->>0, (r->>1)::integer, (select epoch from ordercore_epoch), decode(r->>2, 'hex'), r->>3,
                (r->>4)::integer, (r->>5)::integer, (r->>6)::bigint, (r->>7)::bigint, r->>8, r->>9, r->>10,
                (r->>11)::bigint, r->>12
            from jsonb_array_elements(work->'l') r on conflict do nothing
            returning l.epoch, l.xid, l.pos
        )
        select max(put.epoch), max(put.xid::text::bigint), array_agg(put.pos order by put.pos)
        into epoch, xid, positions from put;
        if coalesce(cardinality(positions), 0) < jsonb_array_length(work->'l') then
            raise exception using errcode = 'OC001', message = 'ordercore: an id or a version is taken';
        end if;
    end if;
    if work ? 'x' then
        positions := '{}';
        versions := '{}';
        for r in select jsonb_array_elements(work->'x') loop
            fits := false;
            for attempt in 1..100 loop
                select l.version + l.count - 1, case when l.xid > pg_current_xact_id_if_assigned()
                    then l.epoch < (select e.epoch from ordercore_epoch e) else true end
                into head, fits
                from ordercore_log l where l.tenant = t and l.stream = r->>3 order by l.version desc limit 1;
                if not found then
                    head := 0;
                    fits := true;
                end if;
                if head < 0 or not fits or (r->>4 is not null and (r->>4)::integer <> head + 1) then
                    raise exception using errcode = 'OC001', message = 'ordercore: a stream has moved';
                end if;
                insert into ordercore_log as l (
                    tenant, command, part, epoch, fingerprint, stream, version, count, at, effective, actor, cause,
                    correlation, crc, events
                )
                select t, r->>0, (r->>1)::integer, (select epoch from ordercore_epoch), decode(r->>2, 'hex'), r->>3,
                    head + 1, (r->>5)::integer, (r->>6)::bigint, (r->>7)::bigint, r->>8, r->>9, r->>10,
                    (r->>11)::bigint, r->>12
                on conflict do nothing returning l.epoch, l.xid::text::bigint, l.pos into epoch, xid, n;
                fits := found;
                exit when fits;
                -- The place was taken between the look and the write: look again, unless it is the id that is taken.
                perform 1 from ordercore_log l where l.tenant = t and l.command = r->>0 and l.part = (r->>1)::integer;
                exit when found;
            end loop;
            if not fits then
                raise exception using errcode = 'OC001', message = 'ordercore: an id or a version is taken';
            end if;
            versions := versions || head::integer;
            if (r->>5)::integer = 0 then
                -- Only the head was to be compared. Who appends there waited for this transaction, and finds nothing.
                delete from ordercore_log l where l.tenant = t and l.command = r->>0 and l.part = (r->>1)::integer;
            else
                positions := positions || n;
            end if;
        end loop;
    end if;
    if work ? 'b' then
        for counted in
            select coalesce(q.name, b.name) as name, q.value, q.times as asked, b.times
            from (
                select q->>0 as name, min((q->>1)::bigint) as value, count(distinct q->>1) as times
                from jsonb_array_elements(coalesce(work->'q', '[]')) q group by q->>0
            ) q
            full join (
                select b->>0 as name, (b->>1)::bigint as times from jsonb_array_elements(work->'b') b
            ) b on b.name = q.name
            order by coalesce(q.name, b.name) collate "C"
        loop
            if counted.times is not null then
                insert into ordercore_counter as c (tenant, name, value) values (t, counted.name, counted.times)
                on conflict (tenant, name) do update set value = c.value + excluded.value returning c.value into n;
                n := n - counted.times;
            else
                insert into ordercore_counter (tenant, name, value) values (t, counted.name, 0) on conflict do nothing;
                select c.value into n from ordercore_counter c where c.tenant = t and c.name = counted.name for share;
            end if;
            if counted.value <> n or counted.asked > 1 then
                raise exception using errcode = 'OC001', message = 'ordercore: a counter has moved';
            end if;
        end loop;
    elsif work ? 'q' then
        -- Mostly it is one, and is there.
        if jsonb_array_length(work->'q') = 1 then
            r := work->'q'->0;
            select c.value into n from ordercore_counter c where c.tenant = t and c.name = r->>0 for share;
            fits := found;
            if fits and n <> (r->1)::bigint then
                raise exception using errcode = 'OC001', message = 'ordercore: a counter has moved';
            end if;
        else
            fits := false;
        end if;
        for attempt in 1..2 loop
            exit when fits;
            -- Locked, so that who bumps it comes before or after all of this, and in each case one of both notices.
            select count(*), count(*) filter (where locked.value = locked.wanted) into head, n
            from (
                select c.value, (q.value)::bigint as wanted
                from (select t as tenant, q->>0 as name, q->1 as value from jsonb_array_elements(work->'q') q offset 0) q
                    join ordercore_counter c on c.tenant = q.tenant and c.name = q.name
                order by c.name for share of c
            ) locked;
            exit when head = jsonb_array_length(work->'q');
            insert into ordercore_counter (tenant, name, value)
            select t, q->>0, 0 from jsonb_array_elements(work->'q') q order by (q->>0) collate "C" on conflict do nothing;
        end loop;
        if not fits and n < jsonb_array_length(work->'q') then
            raise exception using errcode = 'OC001', message = 'ordercore: a counter has moved';
        end if;
    end if;
    if work ? 'd' then
        for number in 0..jsonb_array_length(work->'d') - 1 loop
            wave := work->'d'->number;
            if wave ? 'n' then
                insert into ordercore_document (tenant, kind, key, revision, tag, sort, body)
                select t, d->>0, d->>1, 1, d->>2, d->>3, d->>4 from jsonb_array_elements(wave->'n') d
                on conflict do nothing;
                get diagnostics n = row_count;
                if n < jsonb_array_length(wave->'n') then
                    raise exception using errcode = 'OC001', message = 'ordercore: a document is there';
                end if;
            end if;
            if wave ? 'u' then
                if jsonb_array_length(wave->'u') > 1 then
                    perform 1 from (
                        select t as tenant, d->>0 as kind, d->>1 as key from jsonb_array_elements(wave->'u') d offset 0
                    ) d join ordercore_document o on o.tenant = d.tenant and o.kind = d.kind and o.key = d.key
                    order by o.kind, o.key for no key update of o;
                end if;
                update ordercore_document o
                set revision = o.revision + 1, tag = d.tag, sort = d.sort, body = d.body
                from (
                    select t as tenant, d->>0 as kind, d->>1 as key, d->>2 as tag, d->>3 as sort, d->>4 as body,
                        (d->5)::integer as revision
                    from jsonb_array_elements(wave->'u') d offset 0
                ) d
                where o.tenant = d.tenant and o.kind = d.kind and o.key = d.key and o.revision = d.revision;
                get diagnostics n = row_count;
                if n < jsonb_array_length(wave->'u') then
                    raise exception using errcode = 'OC001', message = 'ordercore: a document has moved';
                end if;
            end if;
            if jsonb_array_length(wave->'s') = 1 then
                r := wave->'s'->0;
                insert into ordercore_document as o (tenant, kind, key, revision, tag, sort, body)
                values (t, r->>0, r->>1, 1, r->>2, r->>3, r->>4)
                on conflict (tenant, kind, key) do update
                set revision = o.revision + 1, tag = excluded.tag, sort = excluded.sort, body = excluded.body;
            elsif wave ? 's' then
                insert into ordercore_document as o (tenant, kind, key, revision, tag, sort, body)
                select t, d->>0, d->>1, 1, d->>2, d->>3, d->>4 from jsonb_array_elements(wave->'s') d
                order by (d->>0) collate "C", (d->>1) collate "C"
                on conflict (tenant, kind, key) do update
                set revision = o.revision + 1, tag = excluded.tag, sort = excluded.sort, body = excluded.body;
            end if;
            if wave ? 'x' then
                delete from ordercore_document o using (
                    select t as tenant, d->>0 as kind, d->>1 as key from jsonb_array_elements(wave->'x') d offset 0
                ) d where o.tenant = d.tenant and o.kind = d.kind and o.key = d.key;
            end if;
        end loop;
    end if;
    if work ? 's' then
        insert into ordercore_timer (tenant, kind, key, due)
        select t, s->>0, s->>1, (s->>2)::bigint from jsonb_array_elements(work->'s') s
        order by (s->>0) collate "C", (s->>1) collate "C"
        on conflict (tenant, kind, key) do update set due = excluded.due, fence = 0, until = null;
    end if;
    if work ? 'c' then
        delete from ordercore_timer o using (
            select t as tenant, c->>0 as kind, c->>1 as key from jsonb_array_elements(work->'c') c offset 0
        ) c where o.tenant = c.tenant and o.kind = c.kind and o.key = c.key;
    end if;
    if work ? 'p' then
        -- One row after the other in the order of the list, which is the order of the index, so that is the order of the
        -- locks: joins other than row by row are switched off above.
        if work ? 'a' then
            -- Nothing moves but what is promised: of an order that is 3 % of the server's work, in groups 4 %.
            with asked as materialized (
                select t as tenant, r->>0 as sku, r->>1 as owner, r->>2 as lot, r->>3 as place, (r->4)::bigint as least,
                    (r->5)::bigint as available, coalesce((r->6)::bigint, 0) as soft_reserved,
                    coalesce((r->7)::bigint, 0) as reserved
                from jsonb_array_elements(work->'p') r
            ), put as (
                update ordercore_position p set
                    available = p.available + a.available, soft_reserved = p.soft_reserved + a.soft_reserved,
                    reserved = p.reserved + a.reserved
                from asked a
                where p.tenant = a.tenant and p.sku = a.sku and p.owner = a.owner and p.lot = a.lot and p.place = a.place
                returning least(p.available - a.least, p.soft_reserved, p.reserved) as lowest,
                    greatest(p.available, p.soft_reserved, p.reserved) as highest
            )
            select count(*), min(lowest), max(highest) into counted from put;
        else
            with asked as materialized (
                select t as tenant, r->>0 as sku, r->>1 as owner, r->>2 as lot, r->>3 as place, (r->4)::bigint as least,
                    (r->5)::bigint as available, coalesce((r->6)::bigint, 0) as soft_reserved,
                    coalesce((r->7)::bigint, 0) as reserved, coalesce((r->8)::bigint, 0) as released,
                    coalesce((r->9)::bigint, 0) as picked, coalesce((r->10)::bigint, 0) as packed,
                    coalesce((r->11)::bigint, 0) as quality_control, coalesce((r->12)::bigint, 0) as quarantine,
                    coalesce((r->13)::bigint, 0) as damaged, coalesce((r->14)::bigint, 0) as returns_inbound
                from jsonb_array_elements(work->'p') r
            ), put as (
                update ordercore_position p set
                    available = p.available + a.available, soft_reserved = p.soft_reserved + a.soft_reserved,
                    reserved = p.reserved + a.reserved, released = p.released + a.released, picked = p.picked + a.picked,
                    packed = p.packed + a.packed, quality_control = p.quality_control + a.quality_control,
                    quarantine = p.quarantine + a.quarantine, damaged = p.damaged + a.damaged,
                    returns_inbound = p.returns_inbound + a.returns_inbound
                from asked a
                where p.tenant = a.tenant and p.sku = a.sku and p.owner = a.owner and p.lot = a.lot and p.place = a.place
                returning least(
                    p.available - a.least, p.soft_reserved, p.reserved, p.released, p.picked, p.packed, p.quality_control,
                    p.quarantine, p.damaged, p.returns_inbound
                ) as lowest, greatest(
                    p.available, p.soft_reserved, p.reserved, p.released, p.picked, p.packed, p.quality_control,
                    p.quarantine, p.damaged, p.returns_inbound
                ) as highest
            )
            select count(*), min(lowest), max(highest) into counted from put;
        end if;
        if counted.min < 0 then
            raise exception using errcode = 'OC001', message = 'ordercore: a row falls short';
        end if;
        if counted.max > 4611686018427387904 then
            raise numeric_value_out_of_range using message = 'ordercore: a balance beyond 2^62';
        end if;
        if counted.count < jsonb_array_length(work->'p') then
            -- Some rows are not there yet. Who makes one of them meanwhile is not waited for with locks in hand: refused,
            -- it is looked at again.
            insert into ordercore_position (
                tenant, sku, owner, lot, place, available, soft_reserved, reserved, released, picked, packed,
                quality_control, quarantine, damaged, returns_inbound
            )
            select t, r->>0, r->>1, r->>2, r->>3, (r->5)::bigint, coalesce((r->6)::bigint, 0), coalesce((r->7)::bigint, 0),
                coalesce((r->8)::bigint, 0), coalesce((r->9)::bigint, 0), coalesce((r->10)::bigint, 0),
                coalesce((r->11)::bigint, 0), coalesce((r->12)::bigint, 0), coalesce((r->13)::bigint, 0),
                coalesce((r->14)::bigint, 0)
            from jsonb_array_elements(work->'p') with ordinality a (r, i)
            where (r->5)::bigint >= (r->4)::bigint and least(
                (r->6)::bigint, (r->7)::bigint, (r->8)::bigint, (r->9)::bigint, (r->10)::bigint, (r->11)::bigint,
                (r->12)::bigint, (r->13)::bigint, (r->14)::bigint, 0
            ) = 0
            order by i on conflict do nothing;
            get diagnostics n = row_count;
            if counted.count + n < jsonb_array_length(work->'p') then
                raise exception using errcode = 'OC001', message = 'ordercore: a row falls short, or was made meanwhile';
            end if;
        end if;
    end if;
    if work ? 'g' then
        -- The rows were changed and so are locked: what they hold now is what they hold at the end.
        for r in select jsonb_array_elements(work->'g') loop
            select (array[
                p.available, p.soft_reserved, p.reserved, p.released, p.picked, p.packed, p.quality_control,
                p.quarantine, p.damaged, p.returns_inbound
            ])[(r->>4)::integer] into n
            from ordercore_position p
            where p.tenant = t and p.sku = r->>0 and p.owner = r->>1 and p.lot = r->>2 and p.place = r->>3;
            if n < (r->>5)::bigint or n <> (r->>6)::bigint then
                raise exception using errcode = 'OC001', message = 'ordercore: a row is beyond its bounds';
            end if;
        end loop;
    end if;
    return concat(epoch, ' ', xid, ' ', array_to_string(positions, ','), ' ', array_to_string(versions, ','));
exception
    when sqlstate 'OC001' then
        -- All of it is undone, and nothing else: a transaction of the host's goes on.
        return null;
end
$$;
