drop table ordercore_position;

drop table ordercore_consumer;

drop table ordercore_timer;

drop sequence ordercore_fence;

drop table ordercore_counter;

drop table ordercore_document;

drop table ordercore_log;

drop sequence ordercore_log_position;

drop table ordercore_epoch;

drop table ordercore_schema;
