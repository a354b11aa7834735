// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Stands for a payment provider. It moves no money, and decides the same every time.

export const METHODS = ['card', 'declined-card'];
const MOST_CENTS = 500_000;

export function charge({ amount_cents: amount, method }) {
  if (method === 'declined-card') return { status: 'declined', reason: 'The card was declined.' };
  if (amount > MOST_CENTS) return { status: 'declined', reason: 'The amount is above the limit of the card.' };
  return { status: 'approved', reason: null };
}
