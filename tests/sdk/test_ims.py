"""The image service, asked by the vendor's SDK: listing, sharing, batches and their jobs, deleting."""

from huaweicloudsdkims.v2 import (
    BatchAddMembersRequest, BatchAddMembersRequestBody, BatchDeleteMembersRequest, BatchUpdateMembersRequest,
    BatchUpdateMembersRequestBody, GlanceAddImageMemberRequest, GlanceAddImageMemberRequestBody, GlanceDeleteImageMemberRequest,
    GlanceDeleteImageRequest, GlanceListImageMembersRequest, GlanceShowImageMemberRequest, GlanceShowImageRequest,
    GlanceUpdateImageMemberRequest, GlanceUpdateImageMemberRequestBody, ImsClient, ListImageMembersRequest, ListImagesRequest,
    ShowImageMemberRequest, ShowJobProgressRequest, ShowJobRequest)

import clouds
from cases import for_each
from waiting import until


@for_each(clouds.HUAWEI, clouds.TELEKOM)
class Ims:
    def setUp(self):
        self.ims = self.cloud.ims

    # --- the world

    def pages(self, limit, **filters):
        """The pages of the owner's images until an empty one, as the vendor's own tools read them."""
        marker, pages = None, []
        while True:
            page = self.ims.list_images(ListImagesRequest(owner=self.cloud.project, limit=limit, marker=marker, **filters))
            if not page.images:
                return pages
            pages.append(page.images)
            marker = page.images[-1].id

    def all_images(self, **filters):
        return sum(self.pages(1000, **filters), [])

    def images(self, count):
        """So many images that nobody else in this suite uses."""
        if not hasattr(self.cloud, "unused_images"):
            self.cloud.unused_images = [image.id for image in self.all_images() if image.visibility == "shared"]
        taken, self.cloud.unused_images = self.cloud.unused_images[:count], self.cloud.unused_images[count:]
        self.assertEqual(len(taken), count, "the world has too few images for this suite")
        return taken

    def members(self, image):
        """Who an image is shared with, and how it stands."""
        listed = self.ims.glance_list_image_members(GlanceListImageMembersRequest(image_id=image)).members
        return {member.member_id: member.status for member in listed}

    def all_members(self, images):
        return {image: self.members(image) for image in images}

    def share(self, image, project):
        body = GlanceAddImageMemberRequestBody(member=project)
        return self.ims.glance_add_image_member(GlanceAddImageMemberRequest(image_id=image, body=body))

    def unshare(self, image, project):
        return self.ims.glance_delete_image_member(GlanceDeleteImageMemberRequest(image_id=image, member_id=project))

    def batch(self, call, request, images, projects):
        body = BatchAddMembersRequestBody(images=list(images), projects=list(projects))
        return call(request(body=body)).job_id

    def finished(self, job):
        """The job, once it is over."""
        def is_over():
            shown = self.ims.show_job(ShowJobRequest(job_id=job))
            return shown.status not in ("INIT", "RUNNING") and shown
        return until("the job is over", is_over)

    # --- listing

    def test_images_are_listed_by_marker_until_an_empty_page(self):
        pages = self.pages(7)
        ids = [image.id for page in pages for image in page]
        self.assertGreater(len(pages), 3)
        self.assertTrue(all(len(page) == 7 for page in pages[:-1]))
        self.assertEqual(len(ids), len(set(ids)), "no image comes twice")
        self.assertEqual(set(ids), {image.id for image in self.all_images()})
        for image in sum(pages, []):
            self.assertEqual(image.owner, self.cloud.project)
            self.assertIn(image.visibility, ("private", "shared", "public"))
            self.assertIn(image.protected, (True, False))
            self.assertRegex(image.created_at, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")

    def test_a_page_names_the_next_one_on_one_flavour_alone(self):
        page = self.ims.list_images(ListImagesRequest(owner=self.cloud.project, limit=3))
        named = page.page_info.next_marker if page.page_info else None
        self.assertEqual(named, None if self.is_telekom else page.images[-1].id)

    def test_images_are_found_by_name_and_by_kind(self):
        first = self.pages(1)[0][0]
        self.assertIn(first.id, {image.id for image in self.all_images(name=first.name)})
        shared = self.all_images(imagetype="shared")
        self.assertTrue(shared)
        self.assertEqual({image.visibility for image in shared}, {"shared"})

    # --- one share at a time

    def test_an_image_is_shared_accepted_by_the_recipient_and_unshared(self):
        (image,) = self.images(1)
        before, other = self.members(image), clouds.somebody()
        theirs = self.cloud.for_project(ImsClient, self.cloud.recipient)
        for project in self.cloud.recipient, other:
            shared = self.share(image, project)
            self.assertEqual((shared.image_id, shared.member_id, shared.status), (image, project, "pending"))
        self.assertEqual(self.members(image), before | {self.cloud.recipient: "pending", other: "pending"})

        accept = GlanceUpdateImageMemberRequest(image, self.cloud.recipient, GlanceUpdateImageMemberRequestBody("accepted"))
        answered = theirs.glance_update_image_member(accept)
        self.assertEqual((answered.member_id, answered.status), (self.cloud.recipient, "accepted"))
        self.assertEqual(self.members(image), before | {self.cloud.recipient: "accepted", other: "pending"})
        listed = theirs.list_images(ListImagesRequest(imagetype="shared", visibility="shared", member_status="accepted")).images
        self.assertIn(image, {found.id for found in listed})
        seen = theirs.glance_list_image_members(GlanceListImageMembersRequest(image_id=image)).members
        self.assertEqual([member.member_id for member in seen], [self.cloud.recipient], "a member sees itself alone")

        self.unshare(image, self.cloud.recipient)
        self.assertEqual(self.members(image), before | {other: "pending"})
        self.assert_refused(404, theirs.glance_show_image, GlanceShowImageRequest(image_id=image))

    def test_the_kind_of_a_member_is_told_on_one_flavour_alone(self):
        (image,), project = self.images(1), clouds.somebody()
        self.share(image, project)
        shown = self.ims.glance_show_image_member(GlanceShowImageMemberRequest(image_id=image, member_id=project))
        self.assertEqual((shown.member_id, shown.status), (project, "pending"))
        self.assertEqual(shown.member_type, None if self.is_telekom else "project")

    def test_a_private_image_has_no_members_or_no_list_of_them(self):
        private = next(image.id for image in self.all_images() if image.visibility == "private")
        if self.is_telekom:
            request = GlanceListImageMembersRequest(image_id=private)
            self.assertEqual(self.assert_refused(403, self.ims.glance_list_image_members, request).error_code, "403 Forbidden")
        else:
            self.assertEqual(self.members(private), {})

    def test_a_share_that_is_not_there_is_not_found(self):
        (image,) = self.images(1)
        self.share(image, clouds.somebody())
        before = self.members(image)
        self.assert_refused(404, self.unshare, image, clouds.somebody())
        self.assertEqual(self.members(image), before)

    def test_the_recipient_cannot_take_the_share_of_another_away(self):
        (image,), other = self.images(1), clouds.somebody()
        self.share(image, self.cloud.recipient)
        self.share(image, other)
        before = self.members(image)
        theirs = self.cloud.for_project(ImsClient, self.cloud.recipient)
        request = GlanceDeleteImageMemberRequest(image_id=image, member_id=other)
        with self.assertRaises(clouds.ClientRequestException):
            theirs.glance_delete_image_member(request)
        self.assertEqual(self.members(image), before)

    def test_the_newer_member_calls_page_on_one_flavour_and_are_no_calls_on_the_other(self):
        (image,), projects = self.images(1), {clouds.somebody() for _ in range(5)}
        for project in projects:
            self.share(image, project)
        if self.is_telekom:
            refusal = self.assert_refused(404, self.ims.list_image_members, ListImageMembersRequest(image_id=image))
            self.assertEqual(refusal.error_code, "APIGW.0101")
            return
        listed, marker = [], None
        while True:
            page = self.ims.list_image_members(ListImageMembersRequest(image_id=image, limit=2, marker=marker))
            self.assertEqual(page.page_info.current_count, len(page.members))
            listed += [member.member_id for member in page.members]
            marker = page.page_info.next_marker
            if not marker:
                break
        self.assertEqual(len(listed), len(set(listed)))
        self.assertEqual(set(listed), set(self.members(image)))
        self.assertLessEqual(projects, set(listed))
        one = self.ims.show_image_member(ShowImageMemberRequest(image_id=image, member_id=listed[0]))
        self.assertEqual(one.member_id, listed[0])

    # --- batches

    def test_a_batch_shares_every_image_with_every_project_and_another_unshares_some(self):
        images, projects = self.images(4), [clouds.somebody() for _ in range(3)]
        before = self.all_members(images)
        added = self.finished(self.batch(self.ims.batch_add_members, BatchAddMembersRequest, images, projects))
        self.assertEqual((added.status, added.job_type), ("SUCCESS", "imsAddImageMembersJob"))
        rows = {(row.image_id, row.project_id, row.status) for row in added.entities.results}
        self.assertEqual(rows, {(image, project, "success") for image in images for project in projects})
        pending = dict.fromkeys(projects, "pending")
        self.assertEqual(self.all_members(images), {image: before[image] | pending for image in images})

        job = self.batch(self.ims.batch_delete_members, BatchDeleteMembersRequest, images[:3], projects[:2])
        removed = self.finished(job)
        self.assertEqual((removed.status, removed.job_type, removed.job_id), ("SUCCESS", "imsDelImageMembersJob", job))
        self.assertEqual(removed.entities.results, [], "a job that removes tells of no pair")
        self.assertIsNone(removed.error_code)
        left = {projects[2]: "pending"}
        wanted = {image: before[image] | left for image in images[:3]} | {images[3]: before[images[3]] | pending}
        self.assertEqual(self.all_members(images), wanted)

    def test_the_recipient_answers_several_shares_by_one_batch(self):
        images = self.images(2)
        self.finished(self.batch(self.ims.batch_add_members, BatchAddMembersRequest, images, [self.cloud.recipient]))
        theirs = self.cloud.for_project(ImsClient, self.cloud.recipient)
        body = BatchUpdateMembersRequestBody(images=images, project_id=self.cloud.recipient, status="rejected")
        job = theirs.batch_update_members(BatchUpdateMembersRequest(body=body)).job_id
        until("the job is done", lambda: theirs.show_job(ShowJobRequest(job_id=job)).status == "SUCCESS")
        self.assertEqual({self.members(image)[self.cloud.recipient] for image in images}, {"rejected"})

    def test_the_progress_of_a_job_is_told_without_rows_on_one_flavour_and_is_no_call_on_the_other(self):
        job = self.batch(self.ims.batch_add_members, BatchAddMembersRequest, self.images(1), [clouds.somebody()])
        self.finished(job)
        request = ShowJobProgressRequest(job_id=job)
        if self.is_telekom:
            self.assertEqual(self.assert_refused(404, self.ims.show_job_progress, request).error_code, "APIGW.0101")
            return
        shown = self.ims.show_job_progress(request)
        self.assertEqual((shown.status, shown.job_id, shown.entities.process_percent), ("SUCCESS", job, 1.0))

    def test_one_unknown_image_refuses_the_whole_batch(self):
        images, projects = self.images(2), [clouds.somebody()]
        self.finished(self.batch(self.ims.batch_add_members, BatchAddMembersRequest, images, projects))
        before = self.all_members(images)
        for call, request in (self.ims.batch_delete_members, BatchDeleteMembersRequest), (
                self.ims.batch_add_members, BatchAddMembersRequest):
            refusal = self.assert_refused(400, self.batch, call, request, [*images, clouds.somebody()], projects)
            self.assertEqual(refusal.error_code, "IMG.0066")
        self.assertEqual(self.all_members(images), before)

    def test_a_batch_takes_a_hundred_projects_and_not_one_more(self):
        (image,), projects = self.images(1), [clouds.somebody() for _ in range(101)]
        refusal = self.assert_refused(400, self.batch, self.ims.batch_delete_members, BatchDeleteMembersRequest, [image], projects)
        self.assertEqual(refusal.error_code, "IMG.0001")
        added = self.finished(self.batch(self.ims.batch_add_members, BatchAddMembersRequest, [image], projects[:100]))
        self.assertEqual(added.status, "SUCCESS")
        self.assertLessEqual(set(projects[:100]), set(self.members(image)))

    def test_a_job_that_nobody_began_is_refused(self):
        refusal = self.assert_refused(400, self.ims.show_job, ShowJobRequest(job_id=clouds.somebody()))
        self.assertEqual(refusal.error_code, "IMG.0023")

    # --- deleting

    def test_a_deleted_image_is_listed_no_more(self):
        image, other = self.images(2)
        self.assertEqual([found.id for found in self.ims.list_images(ListImagesRequest(id=image)).images], [image])
        self.ims.glance_delete_image(GlanceDeleteImageRequest(image_id=image))
        until("the image is listed no more", lambda: not self.ims.list_images(ListImagesRequest(id=image)).images)
        self.assertEqual([found.id for found in self.ims.list_images(ListImagesRequest(id=other)).images], [other])
        self.assert_refused(404, self.ims.glance_show_image, GlanceShowImageRequest(image_id=image))

    def test_a_protected_image_is_not_deleted(self):
        protected = [image.id for image in self.all_images() if image.protected]
        self.assertTrue(protected, "the world has a protected image")
        request = GlanceDeleteImageRequest(image_id=protected[0])
        refusal = self.assert_refused(403 if self.is_telekom else 400, self.ims.glance_delete_image, request)
        self.assertEqual(refusal.error_code, "403 Forbidden" if self.is_telekom else "IMG.0028")
        self.assertEqual(len(self.ims.list_images(ListImagesRequest(id=protected[0])).images), 1)
