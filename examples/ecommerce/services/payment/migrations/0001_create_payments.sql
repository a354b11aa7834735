CREATE TABLE payments (
  order_id uuid PRIMARY KEY,
  user_id uuid NOT NULL,
  amount_cents integer NOT NULL CHECK (amount_cents > 0),
  status text NOT NULL CHECK (status IN ('approved', 'declined')),
  reason text,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX payments_user ON payments (user_id, created_at DESC);
