/*-------------------------------------------------------------------------
 *
 * settings.h
 *	  The session's settings, schema_lifecycle.*
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/common/settings.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_SETTINGS_H
#define SL_SETTINGS_H

#include "postgres.h"

#include "nodes/pg_list.h"

/*
 * One table describes every numeric setting: it defines the GUC, checks the
 * option of the same name, and fills the view sl_settings.
 */
typedef struct SlIntSetting
{
	const char *name;			/* without the prefix */
	const char *description;
	int		   *variable;
	int			boot;
	int			min;
	int			max;
	int			unit;			/* GUC_UNIT_MS, or 0 */
} SlIntSetting;

extern int	sl_lock_wait;
extern int	sl_migration_lock_timeout;
extern int	sl_migration_statement_timeout;
extern int	sl_lock_retries;
extern int	sl_dry_run_hold;
extern char *sl_trusted_registrars;
extern bool sl_guard_bypass;

extern const SlIntSetting sl_int_settings[];
extern const int sl_int_settings_count;

/* The superuser-only ones, shown but not taken as options. */
typedef struct SlTextSetting
{
	const char *name;
	const char *boot;
	const char *description;
} SlTextSetting;

extern const SlTextSetting sl_superuser_settings[];
extern const int sl_superuser_settings_count;

/* in settings.c */
extern void sl_settings_init(void);
extern int	sl_lock_key_count(void);
extern int64 sl_lock_key(int i);
extern bool sl_is_trusted_registrar(const char *rolename);

/*
 * DDL of our own that runs outside a fence: the guard is to know it.  An
 * error in between undoes the beginning.
 */
extern int	sl_own_ddl_begin(void);
extern void sl_own_ddl_end(int nest_level);

#endif							/* SL_SETTINGS_H */
