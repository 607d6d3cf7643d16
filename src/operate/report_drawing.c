/*-------------------------------------------------------------------------
 *
 * report_drawing.c
 *	  The graph of revisions as SVG, in layers from the roots down.
 *
 * A box is in the layer below the last of its parents.  A link that passes
 * layers gets a place in each of them, so that it runs between the boxes.
 * Within a layer, the order is that of the middle of the neighbours; where
 * each box stands is then what deviates least from that middle without two
 * coming too near to each other.  Links against the order, of cycles, run at
 * the side.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/operate/report_drawing.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "common/sl_compat.h"
#include "operate/report.h"

/* at most about so many boxes */
#define BOXES		24

/* sizes, in pixels */
#define BOX_WIDTH	236
#define BOX_HEIGHT	44
#define LAYER_GAP	30
#define BOX_GAP		24
#define PASS_GAP	18			/* beside a link that passes */
#define MARGIN		8
#define LABEL_COLUMNS	30

/* repeatables and seeds stand in rows of so many */
#define PER_ROW		4

/* more places for links than this are a mess whatever is done: no more */
#define PLACES		1500

/* so often the layers are looked through, for their order and their places */
#define ORDER_SWEEPS	8
#define PLACE_SWEEPS	30

/* A box, or where a link passes a layer. */
typedef struct Place
{
	int			box;			/* -1: a link passes */
	int			layer;
	int			index;			/* in the layer */
	double		x;				/* its middle */
	double		wish;
	List	   *above;			/* places, by number */
	List	   *below;
} Place;

typedef struct Drawing
{
	SlOutline	outline;
	Place	   *places;
	int			nplaces;
	int			space;
	int			nlayers;
	List	  **layers;			/* places, from left to right */
	int			top;			/* of what is below the layers */
	double		width;
	double		height;
} Drawing;

static int
add_place(Drawing *drawing, int box, int layer)
{
	Place	   *place;

	if (drawing->nplaces == drawing->space)
	{
		drawing->space = drawing->space * 2 + 64;
		drawing->places = drawing->places == NULL ?
			palloc_array(Place, drawing->space) :
			repalloc(drawing->places, sizeof(Place) * drawing->space);
	}
	place = &drawing->places[drawing->nplaces];
	memset(place, 0, sizeof(*place));
	place->box = box;
	place->layer = layer;
	return drawing->nplaces++;
}

static bool
is_downward(const SlLink *link)
{
	return !link->back && link->from != link->to;
}

/* The layer of each box: the longest way down to it. */
static int *
find_layers(Drawing *drawing)
{
	const SlOutline *outline = &drawing->outline;
	int		   *layers = palloc0_array(int, outline->nboxes + 1);
	bool	   *has_parent = palloc0_array(bool, outline->nboxes + 1);
	bool		moved = true;
	int			rounds = 0;
	int			l;

	/* links go up in the order, so one round does but for the unregistered */
	while (moved && rounds++ <= outline->nboxes)
	{
		moved = false;
		for (l = 0; l < outline->nlinks; l++)
		{
			const SlLink *link = &outline->links[l];

			if (!is_downward(link))
				continue;
			has_parent[link->to] = true;
			if (layers[link->to] > layers[link->from])
				continue;
			layers[link->to] = layers[link->from] + 1;
			moved = true;
		}
	}

	/* what has no parent is drawn near to its children */
	for (l = outline->nlinks - 1; l >= 0; l--)
	{
		const SlLink *link = &outline->links[l];
		int			nearest = layers[link->to] - 1;
		int			k;

		if (!is_downward(link) || has_parent[link->from])
			continue;
		for (k = 0; k < outline->nlinks; k++)
			if (outline->links[k].from == link->from &&
				is_downward(&outline->links[k]))
				nearest = Min(nearest, layers[outline->links[k].to] - 1);
		layers[link->from] = nearest;
	}
	pfree(has_parent);
	return layers;
}

static void
connect_places(Drawing *drawing, int above, int below)
{
	Place	   *upper = &drawing->places[above];
	Place	   *lower = &drawing->places[below];

	upper->below = lappend_int(upper->below, below);
	lower->above = lappend_int(lower->above, above);
}

/* Places for all boxes and for the links between them. */
static void
make_places(Drawing *drawing)
{
	const SlOutline *outline = &drawing->outline;
	int		   *layers = find_layers(drawing);
	int			i;
	int			l;

	for (i = 0; i < outline->nversioned; i++)
	{
		(void) add_place(drawing, i, layers[i]);
		drawing->nlayers = Max(drawing->nlayers, layers[i] + 1);
	}
	for (l = 0; l < outline->nlinks; l++)
	{
		const SlLink *link = &outline->links[l];
		int			last = link->from;
		int			layer;

		if (!is_downward(link))
			continue;
		for (layer = layers[link->from] + 1; layer < layers[link->to] &&
			 drawing->nplaces < PLACES; layer++)
		{
			int			pass = add_place(drawing, -1, layer);

			connect_places(drawing, last, pass);
			last = pass;
		}
		connect_places(drawing, last, link->to);
	}
	drawing->layers = palloc0_array(List *, drawing->nlayers + 1);
	for (i = 0; i < drawing->nplaces; i++)
	{
		Place	   *place = &drawing->places[i];

		place->index = list_length(drawing->layers[place->layer]);
		drawing->layers[place->layer] =
			lappend_int(drawing->layers[place->layer], i);
	}
	pfree(layers);
}

static int
compare_wishes(const void *a, const void *b, void *arg)
{
	const Place *places = arg;
	const Place *x = &places[*(const int *) a];
	const Place *y = &places[*(const int *) b];

	if (x->wish != y->wish)
		return x->wish < y->wish ? -1 : 1;
	return x->index - y->index;
}

/* Order a layer by the middle of the neighbours on one side. */
static void
order_layer(Drawing *drawing, int layer, bool by_above)
{
	int			n = list_length(drawing->layers[layer]);
	int		   *order = palloc_array(int, n + 1);
	ListCell   *cell;
	int			i = 0;

	foreach(cell, drawing->layers[layer])
	{
		Place	   *place = &drawing->places[lfirst_int(cell)];
		List	   *neighbours = by_above ? place->above : place->below;
		ListCell   *other;
		double		sum = 0;

		foreach(other, neighbours)
			sum += drawing->places[lfirst_int(other)].index;
		place->wish = neighbours == NIL ? place->index :
			sum / list_length(neighbours);
		order[i++] = lfirst_int(cell);
	}
	qsort_arg(order, n, sizeof(int), compare_wishes, drawing->places);
	list_free(drawing->layers[layer]);
	drawing->layers[layer] = NIL;
	for (i = 0; i < n; i++)
	{
		drawing->places[order[i]].index = i;
		drawing->layers[layer] = lappend_int(drawing->layers[layer],
											 order[i]);
	}
	pfree(order);
}

static double
half_width(const Place *place)
{
	return place->box >= 0 ? (BOX_WIDTH + BOX_GAP) / 2.0 : PASS_GAP / 2.0;
}

/*
 * Give the places of a layer their x: as near to where they wish to be as the
 * distances between them allow, which is a regression to a series that does
 * not fall.  Neighbours that meet become one block with the mean of their
 * wishes, again and again.
 */
static void
place_layer(Drawing *drawing, int layer)
{
	int			n = list_length(drawing->layers[layer]);
	double	   *mean = palloc_array(double, n + 1);
	double	   *offset = palloc_array(double, n + 1);
	int		   *size = palloc_array(int, n + 1);
	int			nblocks = 0;
	double		at = 0;
	int			i = 0;
	int			b;
	ListCell   *cell;

	foreach(cell, drawing->layers[layer])
	{
		const Place *place = &drawing->places[lfirst_int(cell)];

		at += i == 0 ? 0 : half_width(place);
		offset[i] = at;
		at += half_width(place);
		mean[nblocks] = place->wish - offset[i];
		size[nblocks++] = 1;
		while (nblocks > 1 && mean[nblocks - 2] > mean[nblocks - 1])
		{
			int			count = size[nblocks - 2] + size[nblocks - 1];

			mean[nblocks - 2] =
				(mean[nblocks - 2] * size[nblocks - 2] +
				 mean[nblocks - 1] * size[nblocks - 1]) / count;
			size[nblocks - 2] = count;
			nblocks--;
		}
		i++;
	}
	i = 0;
	for (b = 0; b < nblocks; b++)
	{
		int			k;

		for (k = 0; k < size[b]; k++, i++)
			drawing->places[list_nth_int(drawing->layers[layer], i)].x =
				mean[b] + offset[i];
	}
	pfree(mean);
	pfree(offset);
	pfree(size);
}

/* The middle of the neighbours; where it is now, if there are none. */
static double
middle_of(const Drawing *drawing, List *above, List *below, double now)
{
	double		sum = 0;
	int			count = 0;
	ListCell   *cell;

	foreach(cell, above)
	{
		sum += drawing->places[lfirst_int(cell)].x;
		count++;
	}
	foreach(cell, below)
	{
		sum += drawing->places[lfirst_int(cell)].x;
		count++;
	}
	return count == 0 ? now : sum / count;
}

/* Let a layer move to the middle of its neighbours. */
static void
move_layer(Drawing *drawing, int layer)
{
	ListCell   *cell;

	foreach(cell, drawing->layers[layer])
	{
		Place	   *place = &drawing->places[lfirst_int(cell)];

		place->wish = middle_of(drawing, place->above, place->below,
								place->x);
	}
	place_layer(drawing, layer);
}

/* The only one below, if it has no other above it; else -1. */
static int
straight_below(const Drawing *drawing, int place)
{
	List	   *below = drawing->places[place].below;
	int			next;

	if (list_length(below) != 1)
		return -1;
	next = linitial_int(below);
	return list_length(drawing->places[next].above) == 1 ? next : -1;
}

/*
 * Put what comes straight one after the other, from this place on, into one
 * line: where its neighbours above and below want it, as far as those beside
 * it leave room.
 */
static void
straighten(Drawing *drawing, int first)
{
	double		left = -1e9;
	double		right = 1e9;
	double		x;
	int			last = first;
	int			p;

	for (p = first; p >= 0; p = straight_below(drawing, p))
	{
		const Place *place = &drawing->places[p];
		List	   *layer = drawing->layers[place->layer];
		const Place *other;

		last = p;
		if (place->index > 0)
		{
			other = &drawing->places[list_nth_int(layer, place->index - 1)];
			left = Max(left, other->x + half_width(other) +
					   half_width(place));
		}
		if (place->index < list_length(layer) - 1)
		{
			other = &drawing->places[list_nth_int(layer, place->index + 1)];
			right = Min(right, other->x - half_width(other) -
						half_width(place));
		}
	}
	if (left > right)
		return;
	x = middle_of(drawing, drawing->places[first].above,
				  drawing->places[last].below, drawing->places[first].x);
	x = Max(left, Min(right, x));
	for (p = first; p >= 0; p = straight_below(drawing, p))
		drawing->places[p].x = x;
}

/* All of them, again and again: where one moves, another gets room. */
static void
straighten_all(Drawing *drawing)
{
	bool	   *inner = palloc0_array(bool, drawing->nplaces + 1);
	int			sweep;
	int			p;

	for (p = 0; p < drawing->nplaces; p++)
	{
		int			next = straight_below(drawing, p);

		if (next >= 0)
			inner[next] = true;
	}
	for (sweep = 0; sweep < PLACE_SWEEPS; sweep++)
	{
		CHECK_FOR_INTERRUPTS();
		for (p = 0; p < drawing->nplaces; p++)
			if (!inner[p])
				straighten(drawing, p);
	}
	pfree(inner);
}

static void
lay_out(Drawing *drawing)
{
	double		left = 0;
	int			sweep;
	int			layer;
	int			i;

	for (sweep = 0; sweep < ORDER_SWEEPS; sweep++)
	{
		CHECK_FOR_INTERRUPTS();
		for (layer = 1; layer < drawing->nlayers; layer++)
			order_layer(drawing, layer, true);
		for (layer = drawing->nlayers - 2; layer >= 0; layer--)
			order_layer(drawing, layer, false);
	}
	for (layer = 1; layer < drawing->nlayers; layer++)
		order_layer(drawing, layer, true);
	for (layer = 0; layer < drawing->nlayers; layer++)
		place_layer(drawing, layer);
	for (sweep = 0; sweep < PLACE_SWEEPS; sweep++)
	{
		CHECK_FOR_INTERRUPTS();
		for (layer = 1; layer < drawing->nlayers; layer++)
			move_layer(drawing, layer);
		for (layer = drawing->nlayers - 2; layer >= 0; layer--)
			move_layer(drawing, layer);
	}
	straighten_all(drawing);
	for (i = 0; i < drawing->nplaces; i++)
	{
		double		half = half_width(&drawing->places[i]);

		if (i == 0 || drawing->places[i].x - half < left)
			left = drawing->places[i].x - half;
	}
	for (i = 0; i < drawing->nplaces; i++)
	{
		Place	   *place = &drawing->places[i];

		place->x += MARGIN - left;
		drawing->width = Max(drawing->width,
							 place->x + half_width(place) + MARGIN);
	}
	drawing->top = MARGIN + drawing->nlayers * (BOX_HEIGHT + LAYER_GAP);
}

static int
layer_top(int layer)
{
	return MARGIN + layer * (BOX_HEIGHT + LAYER_GAP);
}

/* Under the name: what it is, and its description as far as there is room. */
static char *
under_text(const SlBox *box)
{
	StringInfoData text;

	initStringInfo(&text);
	if (box->first != NULL)
		appendStringInfo(&text, "%s to %s",
						 sl_cut(sl_printable(box->first), 17),
						 sl_cut(sl_printable(box->last), 17));
	else if (box->what != NULL)
		appendStringInfoString(&text, box->what);
	else if (box->unregistered)
		appendStringInfoString(&text,
							   strcmp(box->state, "applied") == 0 ?
							   "applied, not registered" : "not registered");
	else
	{
		appendStringInfoString(&text,
							   box->state == NULL ? "in several states" :
							   box->state);
		if (box->node != NULL && box->kind != SL_KIND_VERSIONED)
			appendStringInfo(&text, ", %s", sl_kind_name(box->kind));
		if (box->node != NULL && box->node->head)
			appendStringInfoString(&text, ", head");
		if (box->node != NULL && box->node->row->description != NULL)
			appendStringInfo(&text, " - %s",
							 sl_printable(box->node->row->description));
	}
	return sl_cut(text.data, 38);
}

static const char *
box_tone(const SlBox *box)
{
	if (box->unregistered)
		return "bad";
	if (box->state == NULL)
		return "plain";
	return sl_html_tone(sl_tone_of(box->state));
}

static void
append_box(StringInfo out, const SlBox *box, double x, int y)
{
	int			corner = 6;

	if (box->node != NULL && box->kind == SL_KIND_BASELINE)
		corner = 0;
	else if (box->node != NULL && box->kind != SL_KIND_VERSIONED)
		corner = BOX_HEIGHT / 2;
	appendStringInfo(out, "<g class=\"%s%s%s%s%s\"><title>", box_tone(box),
					 box->node != NULL && box->node->head ? " head" : "",
					 box->node == NULL ? " fold" : "",
					 box->unregistered ? " unknown" : "",
					 box->state != NULL && strcmp(box->state, "pending") == 0 ?
					 " pending" : "");
	sl_html_append(out, sl_cut(sl_printable(sl_box_label(box)), 500));
	if (box->node != NULL && box->node->row != NULL &&
		box->node->row->description != NULL)
	{
		appendStringInfoString(out, ": ");
		sl_html_append(out, sl_cut(sl_printable(box->node->row->description),
								   500));
	}
	appendStringInfo(out, "</title><rect class=\"box\" x=\"%.1f\" y=\"%d\" "
					 "width=\"%d\" height=\"%d\" rx=\"%d\"/>"
					 "<text x=\"%.1f\" y=\"%d\">", x - BOX_WIDTH / 2.0, y,
					 BOX_WIDTH, BOX_HEIGHT, corner, x - BOX_WIDTH / 2.0 + 12,
					 y + 19);
	sl_html_append(out, sl_cut(sl_printable(sl_box_label(box)),
							   LABEL_COLUMNS));
	appendStringInfo(out, "</text><text class=\"under\" x=\"%.1f\" y=\"%d\">",
					 x - BOX_WIDTH / 2.0 + 12, y + 35);
	sl_html_append(out, under_text(box));
	appendStringInfoString(out, "</text></g>\n");
}

/* The number of the place on the way from one to a box below. */
static int
next_place(const Drawing *drawing, const SlLink *link, int place)
{
	ListCell   *cell;

	foreach(cell, drawing->places[place].below)
	{
		int			next = lfirst_int(cell);

		/* passing places belong to one link each, and lead to its end */
		while (drawing->places[next].box < 0)
			next = linitial_int(drawing->places[next].below);
		if (next == link->to)
			return lfirst_int(cell);
	}
	return link->to;
}

static void
append_curve(StringInfo out, double x1, int y1, double x2, int y2)
{
	double		half = (y2 - y1) / 2.0;

	appendStringInfo(out, " C%.1f %.1f %.1f %.1f %.1f %d", x1, y1 + half, x2,
					 y2 - half, x2, y2);
}

static void
append_link(StringInfo out, const Drawing *drawing, const SlLink *link)
{
	int			place = link->from;
	double		x = drawing->places[place].x;
	int			y = layer_top(drawing->places[place].layer) + BOX_HEIGHT;

	appendStringInfo(out, "<path class=\"link%s\" d=\"M%.1f %d",
					 link->replaced ? " replaced" : "", x, y);
	do
	{
		int			next = next_place(drawing, link, place);
		const Place *to = &drawing->places[next];
		int			top = layer_top(to->layer);

		append_curve(out, x, y, to->x, top);
		x = to->x;
		y = top;
		if (to->box < 0)
		{
			y += BOX_HEIGHT;
			appendStringInfo(out, " V%d", y);
		}
		place = next;
	} while (drawing->places[place].box < 0);
	appendStringInfo(out, "\"/><path class=\"tip\" d=\"M%.1f %d l-4 -7 h8 z\"/>\n",
					 x, y);
}

/* A link of a cycle, to the right of both boxes. */
static void
append_back_link(StringInfo out, const Drawing *drawing, const SlLink *link)
{
	const Place *from = &drawing->places[link->from];
	const Place *to = &drawing->places[link->to];
	double		x1 = from->x + BOX_WIDTH / 2.0;
	double		x2 = to->x + BOX_WIDTH / 2.0;
	int			y1 = layer_top(from->layer) + BOX_HEIGHT / 2 + 8;
	int			y2 = layer_top(to->layer) + BOX_HEIGHT / 2 - 8;
	double		side = Max(x1, x2) + BOX_GAP;

	appendStringInfo(out, "<path class=\"link back\" d=\"M%.1f %d "
					 "C%.1f %d %.1f %d %.1f %d\"/>"
					 "<path class=\"back-tip\" d=\"M%.1f %d l8 -4 v8 z\"/>\n",
					 x1, y1, side, y1, side, y2, x2 + 6, y2, x2, y2);
}

/* Repeatables and seeds, below, in rows. */
static void
append_rest(StringInfo out, Drawing *drawing)
{
	const SlOutline *outline = &drawing->outline;
	int			i;

	for (i = outline->nversioned; i < outline->nboxes; i++)
	{
		int			n = i - outline->nversioned;

		append_box(out, &outline->boxes[i],
				   MARGIN + BOX_WIDTH / 2.0 +
				   n % PER_ROW * (BOX_WIDTH + BOX_GAP),
				   drawing->top + n / PER_ROW * (BOX_HEIGHT + 12));
	}
}

static void
measure(Drawing *drawing)
{
	const SlOutline *outline = &drawing->outline;
	int			rest = outline->nboxes - outline->nversioned;
	int			l;

	drawing->height = drawing->top;
	if (rest > 0)
	{
		drawing->width = Max(drawing->width, 2 * MARGIN +
							 Min(rest, PER_ROW) * (BOX_WIDTH + BOX_GAP));
		drawing->height += (rest + PER_ROW - 1) / PER_ROW * (BOX_HEIGHT + 12);
	}
	for (l = 0; l < outline->nlinks; l++)
	{
		if (!is_downward(&outline->links[l]))
		{
			drawing->width += 48;
			break;
		}
	}
}

/*
 * A repeatable or seed that somebody names as a parent has no layer: the
 * problems of the graph tell of it, the drawing does not.
 */
static void
drop_odd_links(SlOutline *outline)
{
	int			kept = 0;
	int			l;

	for (l = 0; l < outline->nlinks; l++)
		if (outline->links[l].from < outline->nversioned)
			outline->links[kept++] = outline->links[l];
	outline->nlinks = kept;
}

/* The whole drawing. */
void
sl_drawing_append(StringInfo out, SlGraph *graph)
{
	Drawing		drawing = {{0}};
	const SlOutline *outline = &drawing.outline;
	int			i;

	sl_outline_make(graph, BOXES, &drawing.outline);
	if (outline->nboxes == 0)
		return;
	drop_odd_links(&drawing.outline);
	make_places(&drawing);
	lay_out(&drawing);
	measure(&drawing);
	appendStringInfo(out, "<div class=\"wide\"><svg role=\"img\" "
					 "aria-label=\"Graph of revisions\" width=\"%.0f\" "
					 "height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\">\n",
					 drawing.width, drawing.height, drawing.width,
					 drawing.height);
	for (i = 0; i < outline->nlinks; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (is_downward(&outline->links[i]))
			append_link(out, &drawing, &outline->links[i]);
	}
	for (i = 0; i < outline->nversioned; i++)
		append_box(out, &outline->boxes[i], drawing.places[i].x,
				   layer_top(drawing.places[i].layer));
	for (i = 0; i < outline->nlinks; i++)
		if (!is_downward(&outline->links[i]))
			append_back_link(out, &drawing, &outline->links[i]);
	append_rest(out, &drawing);
	appendStringInfoString(out, "</svg></div>\n");
}
