CREATE TABLE categories (
  slug text PRIMARY KEY,
  name text NOT NULL
);

CREATE TABLE products (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  category text NOT NULL REFERENCES categories,
  name text NOT NULL UNIQUE,
  description text NOT NULL,
  price_cents integer NOT NULL CHECK (price_cents > 0),
  stock integer NOT NULL CHECK (stock >= 0)
);
CREATE INDEX products_category ON products (category);

-- What an order holds back. A released one stays, so that a late repetition of the reservation finds that it is over.
CREATE TABLE reservations (
  order_id uuid PRIMARY KEY,
  items jsonb NOT NULL,
  released boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now()
);
