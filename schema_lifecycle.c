/*-------------------------------------------------------------------------
 *
 * schema_lifecycle.c
 *	  Magic block, settings and hooks: nothing else.
 *
 * No preload is needed: the library is loaded by the first call of one of its
 * functions, and what it hooks concerns only the runs of its own session.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  schema_lifecycle.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"

#include "adapters/adapters.h"
#include "catalog/trace.h"
#include "common/extension.h"
#include "common/settings.h"
#include "guard/guard.h"
#include "rehearsal/dry_run.h"
#include "runner/runner.h"

#ifdef PG_MODULE_MAGIC_EXT
PG_MODULE_MAGIC_EXT(
					.name = SL_EXTENSION_NAME,
					.version = SL_EXTENSION_VERSION
);
#else
PG_MODULE_MAGIC;
#endif

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	sl_settings_init();

	/* pg_upgrade moves catalogs about and must meet nobody's hooks */
	if (IsBinaryUpgrade)
		return;
	sl_fence_init();
	sl_trace_init();
	sl_dry_run_init();
	sl_mirror_init();
	sl_guard_observed = sl_observe_is_tool;
}
