-- compatible: 1
-- The tables of ordercore. Names carry the prefix, so that they can lie beside the host's own.

-- The schema's version, and the oldest version that a worker may know and still work with it.
create table ordercore_schema (version integer not null, compatible integer not null) strict;

-- One row per stream and batch. A batch without events has a row at a negative position and no stream: its id must be
-- known, but it stands in no log.
create table ordercore_log (
    pos integer primary key,
    tenant text not null, command text not null, part integer not null, fingerprint blob not null,
    stream text, version integer not null, count integer not null,
    at integer not null, effective integer not null, actor text not null, cause text not null,
    correlation text not null, crc integer not null, events text not null,
    unique (tenant, command, part), unique (tenant, stream, version)
) strict;

-- Stands at 0 and belongs to nobody, so that the first row of the log gets 1 even when negative ones came before.
insert into ordercore_log values (0, char(0), '', 0, x'', null, 0, 0, 0, 0, '', '', '', 0, '');

create table ordercore_document (
    tenant text not null, kind text not null, key text not null, revision integer not null,
    tag text not null, sort text not null, body text not null,
    primary key (tenant, kind, key)
) strict, without rowid;

create index ordercore_document_tag on ordercore_document (tenant, kind, tag, sort, key);

create table ordercore_counter (
    tenant text not null, name text not null, value integer not null, primary key (tenant, name)
) strict, without rowid;

create table ordercore_timer (
    tenant text not null, kind text not null, key text not null, due integer not null,
    fence integer not null, until integer, primary key (tenant, kind, key)
) strict, without rowid;

create index ordercore_timer_due on ordercore_timer (tenant, due, kind, key);

create table ordercore_fence (n integer not null) strict;

insert into ordercore_fence values (0);

create table ordercore_consumer (
    tenant text not null, name text not null, position integer not null, primary key (tenant, name)
) strict, without rowid;

create table ordercore_sku (
    n integer primary key, tenant text not null, sku text not null, unique (tenant, sku)
) strict;

create table ordercore_cell (
    id integer primary key, sku integer not null, place text not null, lot text not null, owner text not null,
    unique (sku, place, lot, owner)
) strict;

-- The ids say the SKU (`rows.py`), so that all of a SKU is one range.
create table ordercore_position (
    id integer primary key,
    available integer not null default 0 check (available between 0 and 4611686018427387904),
    soft_reserved integer not null default 0 check (soft_reserved between 0 and 4611686018427387904),
    reserved integer not null default 0 check (reserved between 0 and 4611686018427387904),
    released integer not null default 0 check (released between 0 and 4611686018427387904),
    picked integer not null default 0 check (picked between 0 and 4611686018427387904),
    packed integer not null default 0 check (packed between 0 and 4611686018427387904),
    quality_control integer not null default 0 check (quality_control between 0 and 4611686018427387904),
    quarantine integer not null default 0 check (quarantine between 0 and 4611686018427387904),
    damaged integer not null default 0 check (damaged between 0 and 4611686018427387904),
    returns_inbound integer not null default 0 check (returns_inbound between 0 and 4611686018427387904)
) strict;
