/*-------------------------------------------------------------------------
 *
 * boot.h
 *	  One call of sl_boot: for the files of this folder only.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/operate/boot.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_BOOT_H
#define SL_BOOT_H

#include "heal/heal.h"
#include "runner/call.h"
#include "status/status.h"

typedef struct SlBoot
{
	SlCall	   *call;
	const char *expected;		/* as it was given; NULL: all heads */
	TimestampTz started;
	bool		repairs;		/* the setting boot_repair */
	bool		rehearsed;		/* or tried to */
	bool		healed;			/* requirements; or tried to */
	bool		unknown;		/* of a pending revision nothing is known */
	bool		partly;			/* one is there in part */
	bool		labels;			/* enums got labels, in vain so far */
	bool		only_labels;	/* make what can be made, record nothing */
	List	   *unresolved;		/* char *: with data, and a person has to say
								 * whether they ran */
	MemoryContext reporting;	/* of the report */
	TimestampTz looked;			/* when the last look began */
	SlReport   *report;			/* what it found; NULL: look again */
} SlBoot;

#define SL_BOOT_CALLER "sl_boot"

/* in boot.c */
extern SlReport *sl_boot_look(SlBoot *boot);
extern void sl_boot_do(SlBoot *boot, void (*piece) (void *arg));
extern void sl_boot_rehearse(SlBoot *boot);
extern void sl_boot_require_done(const SlHealing *healing, bool may_be_lost);

/* in boot_adopt.c: steps */
extern void sl_boot_adopt_history(SlBoot *boot);
extern void sl_boot_adopt_pending(SlBoot *boot);

#endif							/* SL_BOOT_H */
