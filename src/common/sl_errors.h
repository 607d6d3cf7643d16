/*-------------------------------------------------------------------------
 *
 * sl_errors.h
 *	  The extension's own SQLSTATEs.
 *
 * A failing script keeps the SQLSTATE that the server gave it; these are for
 * what only the extension can refuse.  Each is documented in doc/errors.md.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/common/sl_errors.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_ERRORS_H
#define SL_ERRORS_H

#include "utils/elog.h"

#define SL_SQLSTATE(n) \
	MAKE_SQLSTATE('S', 'L', '0', ((n) / 10) + '0', ((n) % 10) + '0')

#define SL_ERR_GRAPH_UNSOUND		SL_SQLSTATE(1)
#define SL_ERR_REVISION_UNKNOWN		SL_SQLSTATE(2)
#define SL_ERR_SCRIPT_CHANGED		SL_SQLSTATE(3)
#define SL_ERR_NOT_AT_HEAD			SL_SQLSTATE(4)
#define SL_ERR_STAMP_REFUSED		SL_SQLSTATE(5)
#define SL_ERR_NOT_TRANSACTIONAL	SL_SQLSTATE(6)
#define SL_ERR_LOCK_BUSY			SL_SQLSTATE(7)
#define SL_ERR_GUARD				SL_SQLSTATE(8)
#define SL_ERR_BAD_INPUT			SL_SQLSTATE(9)
#define SL_ERR_NO_HISTORY			SL_SQLSTATE(10)
#define SL_ERR_REGISTRAR			SL_SQLSTATE(11)
#define SL_ERR_NOT_READY			SL_SQLSTATE(12)

#endif							/* SL_ERRORS_H */
