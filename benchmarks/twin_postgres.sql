-- What ordercore makes durable of an order, by hand, for `twin_postgres.py`: one function per commit.

create table twin_journal (
    position bigint generated always as identity primary key,
    transaction xid8 not null default pg_current_xact_id(),
    command text not null unique, fingerprint bytea not null, stream text not null, version integer not null,
    recorded timestamptz not null, actor text not null, events text not null,
    unique (stream, version)
);

create table twin_summary (
    order_id text primary key, revision integer not null, status text not null, placed timestamptz not null,
    body text not null
);

create index twin_summary_status on twin_summary (status, placed);

create table twin_balance (
    id integer primary key, available integer not null, reserved integer not null default 0,
    released integer not null default 0, picked integer not null default 0, packed integer not null default 0
) with (fillfactor = 70);

-- One order. Refuses a repeat and a shortage; locks the balances in their order, last.
create function twin_place(wish jsonb) returns bigint language plpgsql as $$
declare
    written bigint;
    move record;
begin
    insert into twin_journal (command, fingerprint, stream, version, recorded, actor, events)
    values (
        wish ->> 'command', decode(wish ->> 'fingerprint', 'hex'), wish ->> 'stream', 1,
        (wish ->> 'recorded')::timestamptz, wish ->> 'actor', wish ->> 'events'
    )
    on conflict do nothing returning position into written;
    if written is null then
        raise exception 'repeated';
    end if;
    insert into twin_summary values (
        wish ->> 'stream', 1, 'allocated', (wish ->> 'recorded')::timestamptz, wish ->> 'body'
    );
    for move in select * from jsonb_to_recordset(wish -> 'moves') as m (id integer, units integer) order by id loop
        update twin_balance set available = available - move.units, reserved = reserved + move.units
            where id = move.id and available >= move.units;
        if not found then
            raise exception 'insufficient';
        end if;
    end loop;
    return written;
end $$;

-- Many orders, all or nothing: each table in one statement, units netted per balance, balances last and in order.
create function twin_place_many(wishes jsonb) returns integer language plpgsql as $$
declare
    written integer;
    asked integer;
    moved integer;
begin
    insert into twin_journal (command, fingerprint, stream, version, recorded, actor, events)
        select w.command, decode(w.fingerprint, 'hex'), w.stream, 1, w.recorded, w.actor, w.events
        from jsonb_to_recordset(wishes)
            as w (command text, fingerprint text, stream text, recorded timestamptz, actor text, events text)
    on conflict do nothing;
    get diagnostics written = row_count;
    if written <> jsonb_array_length(wishes) then
        raise exception 'repeated';
    end if;
    insert into twin_summary
        select w.stream, 1, 'allocated', w.recorded, w.body
        from jsonb_to_recordset(wishes) as w (stream text, recorded timestamptz, body text);
    with net as (
        select m.id, sum(m.units) as units
        from jsonb_to_recordset(wishes) as w (moves jsonb), jsonb_to_recordset(w.moves) as m (id integer, units integer)
        group by m.id
    ), held as materialized (
        select b.id, net.units from twin_balance b join net using (id) order by b.id for update of b
    ), changed as (
        update twin_balance b set available = b.available - held.units, reserved = b.reserved + held.units
        from held where b.id = held.id and b.available >= held.units
        returning 1
    )
    select (select count(*) from net), (select count(*) from changed) into asked, moved;
    if moved <> asked then
        raise exception 'insufficient';
    end if;
    return written;
end $$;
