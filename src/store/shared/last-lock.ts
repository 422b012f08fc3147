/**
 * When the last lock of a row of `subjects` began, the user's or one of a factor; null where there is none. Indexes are on it, so what it says is never
 * changed.
 */
export const lastLockSql =
  "CASE WHEN factor_lock_time > coalesce(lock_time, factor_lock_time - 1) THEN factor_lock_time ELSE lock_time END";
