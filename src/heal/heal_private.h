/*-------------------------------------------------------------------------
 *
 * heal_private.h
 *	  What the files of this area share.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/heal/heal_private.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_HEAL_PRIVATE_H
#define SL_HEAL_PRIVATE_H

#include "heal/ddl.h"
#include "heal/heal.h"
#include "runner/runner.h"

/* how often what is left is looked at again */
#define SL_HEAL_ROUNDS 5

/* in steps.c */
extern List *sl_heal_steps(List *differences, const SlOptions *options,
						   bool online);

/* in column_order.c */
extern void sl_sort_columns(List *differences);

/* in order.c */
extern List *sl_heal_order(List *steps);

/* in chain.c */
extern List *sl_replay_steps(const SlTruth *truth);

/* in takers.c */
extern const char *sl_find_taker(const SlRegistryEntry *entry, bool running);

/* in replay.c */
extern struct HTAB *sl_replay_existed(const SlTruth *truth);
extern SlHealStep *sl_replay_step(struct HTAB *existed, const char *revision);
extern List *sl_replay_filled_relations(const char *revision);
extern void sl_replay(SlHealStep *step, const SlHealOrder *order,
					  const SlOptions *options);

/* in requirement.c */
extern List *sl_requirement_steps(bool online);
extern char *sl_heal_path(const SlRequirementRow *row);
extern void sl_heal_set_path(const SlRequirementRow *row);

/* in heal.c */

/* A repair under way, in one transaction or in several. */
extern void sl_heal_look(SlTruth *truth, List *replayed);
extern List *sl_heal_new_steps(SlHealing *healing, List *steps);
extern void sl_heal_prove(const SlHealing *healing, const SlHealOrder *order,
						  List *before, const SlTruth *truth);
extern void sl_heal_keep_books(List *steps);
extern void sl_heal_prove_claims(const SlHealing *healing,
								 const SlTruth *truth);
extern void sl_heal_require_held(List *steps, const SlHealOrder *order);
extern bool sl_heal_has_name(const List *names, const char *name);
extern bool sl_step_is_done(const SlHealStep *step);

/* in execute.c */
extern List *sl_heal_pinned_statements(const SlRequirementRow *requirement);
typedef void (*SlHealWork) (void *arg);

extern ErrorData *sl_heal_try(SlConfinement confinement,
							  const SlOptions *options, SlHealWork work,
							  void *arg);
extern void sl_heal_execute(SlHealStep *step, const SlHealOrder *order,
							List *statements);
extern SlConfinement sl_heal_rights(const char *name,
									const SlRequirementRow *requirement);
extern SlConfinement sl_heal_confinement(const SlHealStep *step);

/* in run.c */
extern void sl_heal_run(List *steps, const SlHealOrder *order,
						const SlOptions *options);
extern void sl_heal_skip(SlHealStep *step, const char *why);
extern void sl_heal_skip_for(SlHealStep *step, const SlOptions *options,
							 const ErrorData *error);
extern bool sl_heal_leave_alone(SlHealStep *step, const SlHealOrder *order);
extern bool sl_error_ends_repair(const ErrorData *error);
extern void sl_heal_done(SlHealStep *step, const SlHealOrder *order,
						 TimestampTz started);

/* in look.c */
extern char *sl_heal_rows_in_the_way(const SlHealStep *step,
									 const SlOptions *options,
									 const ErrorData *error);

#endif							/* SL_HEAL_PRIVATE_H */
