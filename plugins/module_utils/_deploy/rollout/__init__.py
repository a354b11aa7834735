# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rollouts: strategies, waves, the plan of batches, and the verdict on a batch. Pure: data in, data out."""
