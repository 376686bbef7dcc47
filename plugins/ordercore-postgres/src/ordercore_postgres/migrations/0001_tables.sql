-- compatible: 1
-- The tables of ordercore. Names carry the prefix, so that they can lie beside the host's own, in the schema that the
-- connection creates tables in. Text that is a key or an order compares byte by byte, as Python compares it.

-- The schema's version, and the oldest version that a worker may know and still work with it.
create table ordercore_schema (version integer not null, compatible integer not null);

-- How often the database was restored from a dump: transaction ids begin anew then, and cursors must not.
create table ordercore_epoch (epoch integer not null);

insert into ordercore_epoch values (1);

create sequence ordercore_log_position;

-- One row per stream and batch. A batch without events has a row without a stream: its id must be known, but it stands
-- in no log. Readers go by (epoch, xid, pos) and stop before the oldest transaction that is still open: of two that
-- overlap, either may have the smaller position and commit later, and a reader that goes by positions misses it.
create table ordercore_log (
    tenant text collate "C" not null,
    command text collate "C" not null,
    part integer not null,
    epoch integer not null,
    xid xid8 not null default pg_current_xact_id(),
    pos bigint not null default nextval('ordercore_log_position'),
    fingerprint bytea not null,
    stream text collate "C",
    version integer not null,
    count integer not null,
    at bigint not null,
    effective bigint not null,
    actor text not null,
    cause text not null,
    correlation text not null,
    crc bigint not null,
    events text not null,
    primary key (tenant, command, part),
    unique (tenant, stream, version)
);

create unique index ordercore_log_order on ordercore_log (tenant, epoch, xid, pos) where stream is not null;

create table ordercore_document (
    tenant text collate "C" not null,
    kind text collate "C" not null,
    key text collate "C" not null,
    revision integer not null,
    tag text collate "C" not null,
    sort text collate "C" not null,
    body text not null,
    primary key (tenant, kind, key)
);

create index ordercore_document_sort on ordercore_document (tenant, kind, sort, key);

create index ordercore_document_tag on ordercore_document (tenant, kind, tag, sort, key);

create table ordercore_counter (
    tenant text collate "C" not null,
    name text collate "C" not null,
    value bigint not null,
    primary key (tenant, name)
) with (fillfactor = 50);

create table ordercore_timer (
    tenant text collate "C" not null,
    kind text collate "C" not null,
    key text collate "C" not null,
    due bigint not null,
    fence bigint not null default 0,
    until bigint,
    primary key (tenant, kind, key)
);

create index ordercore_timer_due on ordercore_timer (tenant, due, kind, key);

-- One sequence for all timers: a timer that was cancelled and set again never repeats a fence.
create sequence ordercore_fence;

create table ordercore_consumer (
    tenant text collate "C" not null,
    name text collate "C" not null,
    cursor text collate "C" not null,
    primary key (tenant, name)
);

-- The owner and the lot before the place: own pool rows of a SKU, which every plan reads, lie side by side. No index
-- knows a bucket, and pages are left part empty, so that a change of a row stays on its page (HOT) and touches no index.
create table ordercore_position (
    tenant text collate "C" not null,
    sku text collate "C" not null,
    owner text collate "C" not null,
    lot text collate "C" not null,
    place text collate "C" not null,
    available bigint not null,
    soft_reserved bigint not null,
    reserved bigint not null,
    released bigint not null,
    picked bigint not null,
    packed bigint not null,
    quality_control bigint not null,
    quarantine bigint not null,
    damaged bigint not null,
    returns_inbound bigint not null,
    primary key (tenant, sku, owner, lot, place)
) with (fillfactor = 70);
