-- What every report may use beside the tables of facts; made once per run, before anything is asked.

-- Where each order stands: parcels that left, and when all that was not cancelled had left, and had arrived.
create table order_times as
with ordered as (
    select order_id, any_value(placed_at) as placed_at, any_value(adopted) as adopted, sum(quantity) as units
    from order_lines where tracked and placed_at < period_end() group by order_id
), cancelled as (
    select order_id, sum(cancellations.quantity) as units
    from cancellations semi join (select order_id, line from order_lines where tracked) as lines using (order_id, line)
    where effective_at < period_end() group by order_id
), left_in as (
    select order_id, count(*) as parcels, count(distinct place) as places, min(effective_at) as first_shipped_at
    from parcels where effective_at < period_end() group by order_id
), shipped as (
    select order_id, sum(quantity) as units, max(effective_at) as last_shipped_at
    from parcel_lines where effective_at < period_end() group by order_id
), delivered as (
    select order_id, sum(quantity) as units, max(effective_at) as last_delivered_at
    from deliveries where parcel <> '' and effective_at < period_end() group by order_id
)
select order_id, placed_at, adopted, ordered.units::bigint as units, coalesce(cancelled.units, 0)::bigint as cancelled,
    coalesce(shipped.units, 0)::bigint as shipped, coalesce(left_in.parcels, 0) as parcels,
    coalesce(left_in.places, 0) as places, first_shipped_at,
    case when shipped.units >= ordered.units - coalesce(cancelled.units, 0) then last_shipped_at end as shipped_at,
    case when shipped.units >= ordered.units - coalesce(cancelled.units, 0) and delivered.units >= shipped.units
         then last_delivered_at end as delivered_at
from ordered left join cancelled using (order_id) left join left_in using (order_id)
left join shipped using (order_id) left join delivered using (order_id);

-- Lines that waited for supply: since when, until when, and how many units still do.
create table waits as
with began as (
    select order_id, line, sum(quantity) as units, min(effective_at) as since
    from backorders where effective_at < period_end() group by all
), filled as (
    select order_id, line, sum(quantity) as units, max(effective_at) as filled_at
    from allocations where waited and effective_at < period_end() group by all
), gone as (
    select order_id, line, sum(quantity) as units
    from cancellations where stage = 'backordered' and effective_at < period_end() group by all
)
select order_id, line, sku, began.units::bigint as units, since, coalesce(filled.units, 0)::bigint as filled, filled_at,
    coalesce(gone.units, 0)::bigint as cancelled,
    (began.units - coalesce(filled.units, 0) - coalesce(gone.units, 0))::bigint as waiting
from began left join filled using (order_id, line) left join gone using (order_id, line)
join (select order_id, line, sku from order_lines) using (order_id, line);

-- Stock at the end of the period, over all buckets (`on_hand`) and free (`available`).
create table stock as
select sku, place, sum(units)::bigint as on_hand, sum(free)::bigint as available from (
    select sku, target as place, quantity as units, if(target_bucket = 'available', quantity, 0) as free
    from movements where target_bucket <> '' and not narrowing and effective_at < period_end()
    union all
    select sku, source, -quantity, if(source_bucket = 'available', -quantity, 0)
    from movements where source_bucket <> '' and not narrowing and effective_at < period_end()
) group by sku, place having sum(units) <> 0 or sum(free) <> 0;

-- What one smallest unit is worth, once per SKU: average cost of its receipts in the currency that most units came in,
-- else the average price of its order lines in the currency that most was ordered in. Minor units, not yet rounded.
create table unit_values as
with cost as (
    select sku, currency, 'cost' as basis, sum(quantity) as weight,
        sum(sale_units(quantity, scale) * cost / pow(10.0, digits) * minor_units(currency)) / sum(quantity) as per_unit
    from receipts join items using (sku) where currency <> '' and effective_at < period_end() group by all
), price as (
    select sku, currency, 'selling price' as basis, sum(total) as weight, sum(total) / sum(quantity) as per_unit
    from order_lines where tracked and placed_at < period_end() and total > 0 group by all
)
select sku, currency, basis, per_unit from (
    select *, row_number() over (partition by sku order by basis, weight desc, currency) as choice
    from (from cost union all from price)
) where choice = 1;
