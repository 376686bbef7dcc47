drop function ordercore_commit(text, jsonb);
