INSERT INTO categories (slug, name) VALUES ('desk', 'Desk'), ('kitchen', 'Kitchen'), ('outdoors', 'Outdoors');

INSERT INTO products (category, name, description, price_cents, stock) VALUES
  ('desk', 'Brass desk lamp', 'A warm cone of light on a hinge that stays where you put it.', 8900, 24),
  ('desk', 'Linen notebook', 'A hundred and sixty dotted pages that lie flat.', 1900, 180),
  ('desk', 'Walnut pen tray', 'Turned from one piece, for four pens and a ruler.', 3400, 40),
  ('kitchen', 'Stoneware mug', 'Three and a half decilitres, glazed by hand; no two are alike.', 2200, 96),
  ('kitchen', 'Carbon steel pan', 'Twenty-six centimetres, lighter than cast iron and as patient.', 6400, 32),
  ('kitchen', 'Bread knife', 'Twenty-four centimetres of Japanese steel with a beech handle.', 7800, 18),
  ('outdoors', 'Enamel kettle', 'For the stove at home and the fire elsewhere.', 4500, 27),
  ('outdoors', 'Wool blanket', 'Recycled wool, a hundred and forty by two hundred centimetres.', 12900, 15),
  ('outdoors', 'Trail lantern', 'Forty hours of light, and the last of its kind.', 5900, 1);
