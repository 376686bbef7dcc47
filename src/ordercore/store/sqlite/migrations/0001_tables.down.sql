-- Takes the tables away, with everything in them.

drop table ordercore_position;

drop table ordercore_cell;

drop table ordercore_sku;

drop table ordercore_consumer;

drop table ordercore_fence;

drop table ordercore_timer;

drop table ordercore_counter;

drop table ordercore_document;

drop table ordercore_log;

drop table ordercore_schema;
