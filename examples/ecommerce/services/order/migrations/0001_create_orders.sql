CREATE TABLE orders (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL,
  idempotency_key text NOT NULL,
  wanted jsonb NOT NULL,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'paid', 'declined', 'rejected')),
  reason text,
  items jsonb NOT NULL DEFAULT '[]',
  total_cents integer NOT NULL DEFAULT 0,
  notified boolean NOT NULL DEFAULT false,
  busy_until timestamptz NOT NULL DEFAULT now(),
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (user_id, idempotency_key)
);
CREATE INDEX orders_user ON orders (user_id, created_at DESC);
-- What is left to do is little, and looked for often.
CREATE INDEX orders_unfinished ON orders (busy_until) WHERE status = 'pending' OR NOT notified;
